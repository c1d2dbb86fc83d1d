using Idiolect.Kernels;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>A run is a pure function of its inputs: neither threads, nor interruptions, nor damage change a byte of its end.</summary>
[Trait("Lane", "Full")]
public sealed class SameBitsTests : IDisposable
{
    private readonly TinyRun _run = new();
    private readonly TinyRun _other = new();

    public void Dispose()
    {
        _run.Dispose();
        _other.Dispose();
    }

    [Theory]
    [InlineData("gpt2", 1, 1)]
    [InlineData("gpt2", 1, 2)]
    [InlineData("gpt2", 2, 2)]
    [InlineData("gpt2", 1, 2, Precision.Bf16)]
    [InlineData("llama", 1, 1)]
    [InlineData("llama", 1, 2)]
    [InlineData("llama", 2, 2)]
    [InlineData("llama", 1, 2, Precision.Bf16)]
    [InlineData("lstm", 1, 2)]
    [InlineData("lstm", 1, 2, Precision.Bf16)]
    public void Two_runs_with_one_seed_write_the_same_bytes(string shape, int threads, int otherThreads, Precision precision = Precision.Fp32)
    {
        var options = TinyRun.Options with { Steps = 30, Precision = precision };
        _run.Train(options with { Threads = threads }, shape);
        _other.Train(options with { Threads = otherThreads }, shape);
        Assert.Contains(_run.Bytes(), line => line.Contains("optimizer.safetensors", StringComparison.Ordinal));
        Assert.Equal(_run.Bytes(), _other.Bytes());
    }

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    [InlineData("llama", Precision.Bf16)]
    public void Muon_gives_the_same_bytes_on_two_threads_and_after_a_resume(string shape, Precision precision = Precision.Fp32)
    {
        var options = TinyRun.Options with { Steps = 50, Optimizer = OptimizerKind.Muon, Precision = precision };
        _run.Train(options with { Threads = 2 }, shape);
        _other.Train(options, shape, stopAt: 25);
        _other.Resume();
        Assert.Equal(_run.Bytes(), _other.Bytes());
    }

    [Theory]
    [InlineData(Precision.Fp32)]
    [InlineData(Precision.Bf16)]
    public void Recomputed_blocks_change_no_byte_of_a_run(Precision precision)
    {
        var options = TinyRun.Options with { Steps = 20, Precision = precision };
        _run.Train(options);
        _other.Train(options with { Recompute = true, Threads = 2 });
        Assert.Equal(_run.Bytes(), _other.Bytes());
    }

    [Fact]
    public void Another_precision_gives_other_weights()
    {
        var options = TinyRun.Options with { Steps = 5 };
        _run.Train(options);
        _other.Train(options with { Precision = Precision.Bf16 });
        Assert.NotEqual(_run.Weights(5), _other.Weights(5));
    }

    [Fact]
    public void Another_seed_gives_other_weights()
    {
        var options = TinyRun.Options with { Steps = 5 };
        _run.Train(options);
        _other.Train(options with { Seed = 2 });
        Assert.NotEqual(_run.Weights(5), _other.Weights(5));
    }

    [Theory]
    [InlineData("gpt2", 1, 1)]
    [InlineData("gpt2", 2, 1, Precision.Bf16)]
    [InlineData("llama", 1, 2)]
    [InlineData("llama", 2, 1)]
    [InlineData("lstm", 1, 2)]
    public void A_run_interrupted_half_way_ends_with_the_same_bytes(string shape, int threads, int threadsAfter, Precision precision = Precision.Fp32)
    {
        var options = TinyRun.Options with { Precision = precision };
        _run.Train(options, shape);
        var first = _other.Train(options with { Threads = threads }, shape, stopAt: 100);
        Assert.Equal(EndReason.Interrupted, ((TrainingEnded)first[^1]).Reason);
        Assert.Equal(100, first[^1].Step);
        _other.Resume(options => options with { Threads = threadsAfter });
        Assert.Equal(_run.Bytes(), _other.Bytes());
    }

    [Fact]
    public void A_run_interrupted_between_checkpoints_saves_the_step_and_ends_with_the_same_weights()
    {
        _run.Train(TinyRun.Options with { Steps = 60 });
        _other.Train(TinyRun.Options with { Steps = 60 }, stopAt: 33);
        Assert.Equal(33, _other.Steps.First());
        _other.Resume();
        Assert.Equal(_run.Weights(60), _other.Weights(60));
    }

    [Theory]
    [InlineData("flip", "has changed")]
    [InlineData("truncate", "instead of")]
    [InlineData("delete", "is missing")]
    public void A_damaged_newest_checkpoint_is_reported_and_the_one_before_leads_to_the_same_bytes(string damage, string reason)
    {
        var options = TinyRun.Options with { Steps = 120 };
        _run.Train(options);
        _other.Train(options, stopAt: 100);
        var before = _other.Steps.ElementAt(1);
        var file = Path.Combine(_other.Checkpoint(100), damage == "flip" ? "trainer/optimizer.safetensors" : "model.safetensors");
        var bytes = File.ReadAllBytes(file);
        bytes[^1] ^= 1;
        File.Delete(file);
        if (damage != "delete")
        {
            File.WriteAllBytes(file, damage == "flip" ? bytes : bytes[..^10]);
        }

        var news = _other.Resume();

        var damaged = Assert.IsType<CheckpointDamaged>(news[0]);
        Assert.Equal(100, damaged.Step);
        Assert.Contains(reason, damaged.Reason, StringComparison.Ordinal);
        Assert.Equal(before + 1, news.OfType<StepCompleted>().First().Step);
        Assert.Equal(_run.Bytes(), _other.Bytes());
    }

    [Fact]
    public void Evaluation_does_not_change_the_weights()
    {
        _run.Train(TinyRun.Options with { Steps = 22, EvaluateEvery = 7 });
        _other.Train(TinyRun.Options with { Steps = 22, EvaluateEvery = 0 });
        Assert.Equal(_run.Weights(22), _other.Weights(22));
    }

    [Fact]
    public void The_metrics_of_steps_that_are_taken_again_are_replaced()
    {
        _other.Train(TinyRun.Options with { Steps = 60 }, stopAt: 55);
        File.WriteAllText(Path.Combine(_other.Checkpoint(55), "config.json"), "{}"); // so that 50 is resumed
        _other.Resume();
        var steps = MetricsLog.Read(Path.Combine(_other.Path, MetricsLog.FileName)).OfType<StepCompleted>().Select(step => step.Step);
        Assert.Equal(Enumerable.Range(1, 60).Select(step => (long)step), steps);
    }
}
