using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>Crashes are simulated by building on disk what each would leave.</summary>
public sealed class CheckpointStoreTests : IDisposable
{
    private readonly TemporaryFolder _run = new();
    private readonly CheckpointStore _store;

    public CheckpointStoreTests() => _store = new CheckpointStore(_run.Path, keepLast: 2);

    public void Dispose() => _run.Dispose();

    private string this[string name] => Path.Combine(_run.Path, "checkpoints", name);

    private static Action<string> Fill(string content) => folder =>
    {
        File.WriteAllText(Path.Combine(folder, "model.safetensors"), content);
        Directory.CreateDirectory(Path.Combine(folder, "trainer"));
        File.WriteAllText(Path.Combine(folder, "trainer", "state.json"), content);
    };

    private void Save(params long[] steps)
    {
        foreach (var step in steps)
        {
            _store.Save(step, Fill($"content of {step}"));
        }
    }

    private IEnumerable<long> Steps => _store.Checkpoints.Select(checkpoint => checkpoint.Step);

    private void AssertResumesAt(long? step, string? damage = null)
    {
        Assert.Equal(step, _store.FindNewestIntact(out var damaged)?.Step);
        Assert.Equal(damage is null ? 0 : 1, damaged.Count);
        Assert.Contains(damage ?? "", damaged.Count == 0 ? "" : damaged[0].Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_run_has_no_checkpoint()
    {
        AssertResumesAt(null);
        Assert.Null(_store.ModelFolder);
        Assert.Null(_store.Best);
    }

    [Fact]
    public void The_newest_checkpoints_are_kept_and_the_latest_is_named()
    {
        Save(100, 200, 300);
        Assert.Equal([300, 200], Steps);
        Assert.Equal("checkpoints/step-00000300\n", File.ReadAllText(_run["latest"]));
        Assert.Equal(this["step-00000300"], _store.ModelFolder);
        AssertResumesAt(300);
    }

    [Fact]
    public void The_best_checkpoint_is_spared_until_there_is_a_better_one()
    {
        _store.Save(100, Fill("a"), bestValidationLoss: 2.5);
        Save(200, 300, 400);
        Assert.Equal([400, 300, 100], Steps);
        Assert.Equal(new BestCheckpoint(100, 2.5), _store.Best);
        Assert.Equal(this["step-00000100"], _store.ModelFolder);
        _store.Save(500, Fill("b"), bestValidationLoss: 2.25);
        Assert.Equal([500, 400], Steps);
    }

    [Fact]
    public void The_newest_checkpoint_stands_for_a_best_one_that_is_not_readable()
    {
        _store.Save(100, Fill("a"), bestValidationLoss: 2.5);
        Save(200);
        File.WriteAllText(_run["best.json"], "garbage");
        Assert.Equal(this["step-00000200"], _store.ModelFolder);
    }

    [Fact]
    public void Steps_are_ordered_as_numbers()
    {
        Save(99_999_999, 100_000_000);
        AssertResumesAt(100_000_000);
    }

    [Fact]
    public void Equal_contents_give_equal_bytes()
    {
        using var other = new TemporaryFolder();
        Save(7);
        new CheckpointStore(other.Path).Save(7, Fill("content of 7"));
        foreach (var file in Directory.EnumerateFiles(_run.Path, "*", SearchOption.AllDirectories))
        {
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(other[Path.GetRelativePath(_run.Path, file)]));
        }
    }

    [Fact]
    public void A_crash_while_filling_leaves_the_old_state_and_the_next_save_cleans_up()
    {
        Save(100);
        Directory.CreateDirectory(this[".step-00000200.0123abcd.partial"]);
        File.WriteAllText(this[".step-00000200.0123abcd.partial/model.safetensors"], "half");
        AssertResumesAt(100);
        Save(300);
        Assert.False(Directory.Exists(this[".step-00000200.0123abcd.partial"]));
        AssertResumesAt(300);
    }

    [Fact]
    public void A_filling_that_fails_leaves_the_old_state()
    {
        Save(100);
        Assert.Throws<ArithmeticException>(() => _store.Save(200, folder =>
        {
            Fill("half")(folder);
            throw new ArithmeticException();
        }));
        Assert.Equal([100], Steps);
        AssertResumesAt(100);
    }

    [Fact]
    public void A_crash_after_the_rename_leaves_the_new_state_whatever_the_pointer_says()
    {
        Save(100, 200);
        File.WriteAllText(_run["latest"], "checkpoints/step-00000100\n");
        AssertResumesAt(200);
    }

    [Fact]
    public void A_crash_before_the_best_is_marked_is_mended_by_marking_it_on_resume()
    {
        _store.Save(100, Fill("a"), bestValidationLoss: 2.5);
        Save(200);
        _store.MarkBest(200, 2.25);
        Assert.Equal(this["step-00000200"], _store.ModelFolder);
    }

    [Fact]
    public void A_best_that_is_gone_is_no_best()
    {
        Save(100);
        File.WriteAllText(_run["best.json"], """{"step":50,"validation_loss":1.5}""");
        Assert.Null(_store.Best);
        Assert.Equal(this["step-00000100"], _store.ModelFolder);
        Assert.Throws<ArgumentException>(() => _store.MarkBest(50, 1));
    }

    [Fact]
    public void A_crash_while_pruning_leaves_no_half_checkpoint_under_its_name()
    {
        Save(100, 200);
        Directory.Move(this["step-00000100"], this[".step-00000100.0123abcd.partial"]);
        File.Delete(this[".step-00000100.0123abcd.partial/checksums.json"]);
        AssertResumesAt(200);
        Save(300);
        Assert.False(Directory.Exists(this[".step-00000100.0123abcd.partial"]));
    }

    [Fact]
    public void A_flipped_byte_is_found_and_the_checkpoint_before_used()
    {
        Save(100, 200);
        var path = this["step-00000200/trainer/state.json"];
        var bytes = File.ReadAllBytes(path);
        bytes[3] ^= 1;
        File.WriteAllBytes(path, bytes);
        AssertResumesAt(100, "trainer/state.json has changed");
    }

    [Fact]
    public void A_truncated_file_is_found()
    {
        Save(100, 200);
        File.WriteAllText(this["step-00000200/model.safetensors"], "content");
        AssertResumesAt(100, "model.safetensors has 7 bytes instead of 14");
    }

    [Fact]
    public void A_missing_file_is_found()
    {
        Save(100, 200);
        File.Delete(this["step-00000200/model.safetensors"]);
        AssertResumesAt(100, "model.safetensors is missing");
    }

    [Theory]
    [InlineData("", "damaged")]
    [InlineData("{\"files\":{}}", "lists no file")]
    [InlineData("{\"files\":null}", "damaged")]
    [InlineData("{\"files\":{\"../../latest\":{\"length\":1,\"sha256\":\"\"}}}", "no file of")]
    [InlineData("{\"files\":{\"model.safetensors\":null}}", "damaged")]
    public void A_bad_list_of_checksums_is_found(string checksums, string damage)
    {
        Save(100, 200);
        File.WriteAllText(this["step-00000200/checksums.json"], checksums);
        AssertResumesAt(100, damage);
    }

    [Fact]
    public void Without_checksums_a_checkpoint_is_damaged()
    {
        Save(100);
        File.Delete(this["step-00000100/checksums.json"]);
        AssertResumesAt(null, "checksums.json is missing");
    }

    [Fact]
    public void A_damaged_checkpoint_is_written_again_and_an_intact_one_is_not()
    {
        Save(100, 200);
        File.Delete(this["step-00000200/model.safetensors"]);
        _store.Save(200, Fill("again"));
        Assert.Equal("again", File.ReadAllText(this["step-00000200/model.safetensors"]));
        _store.Save(200, Fill("once more"));
        Assert.Equal("again", File.ReadAllText(this["step-00000200/model.safetensors"]));
    }

    [Fact]
    public void A_resume_discards_what_it_passed_over()
    {
        Save(100, 200);
        _store.DiscardAfter(100);
        Assert.Equal([100], Steps);
    }

    [Fact]
    public void Other_folders_are_no_checkpoints()
    {
        Save(100);
        string[] others = ["step-best", "step-5", "step--0000001", "notes"];
        foreach (var name in others)
        {
            Directory.CreateDirectory(this[name]);
        }
        Assert.Equal([100], Steps);
    }

    [Fact]
    public void Keeping_none_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => new CheckpointStore(_run.Path, 0));

    [Fact]
    public void A_run_can_be_locked_once_at_a_time()
    {
        using (RunLock.Acquire(_run.Path))
        {
            Assert.Contains("in use", Assert.Throws<IOException>(() => RunLock.Acquire(_run.Path)).Message, StringComparison.Ordinal);
        }
        RunLock.Acquire(_run.Path).Dispose();
    }
}
