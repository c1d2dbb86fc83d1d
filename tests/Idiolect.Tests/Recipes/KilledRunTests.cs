using Idiolect.Generation;
using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Tests.Recipes;

/// <summary>What a process leaves that was killed, or that still works, and what others see of it.</summary>
public sealed class KilledRunTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public KilledRunTests()
        => File.WriteAllText(_folder["text.txt"], string.Concat(Enumerable.Range(0, 400).Select(i => $"one text of {i % 31} and {i % 7} numbers\n\n")));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Steps_after_the_newest_intact_checkpoint_did_not_happen()
    {
        Train("run");
        Append(new StepCompleted(5, 1, 1, 1, 1, 1), new StepCompleted(6, 1, 1, 1, 1, 1), new EvaluationCompleted(6, 0.1, 0.1, 0.1, IsBest: true));
        var history = Run.Open(_folder["run"]).ReadHistory();
        Assert.Equal((4, 4), (history.StepsDone, history.Steps.Count));
        Assert.NotEqual(0.1, history.Best!.ValidationLoss);

        // Of a damaged one a resume takes the one before.
        var newest = new CheckpointStore(_folder["run"]).Checkpoints[0];
        File.AppendAllText(Path.Combine(newest.Path, "config.json"), " ");
        Assert.Equal(2, Run.Open(_folder["run"]).ReadHistory().StepsDone);
    }

    [Fact]
    public void Steps_of_a_run_that_goes_on_are_counted()
    {
        Train("run");
        Append(new StepCompleted(5, 1, 1, 1, 1, 1));
        using (RunLock.Acquire(_folder["run"]))
        {
            Assert.True(RunLock.IsHeld(_folder["run"]));
            Assert.Equal(5, Run.Open(_folder["run"]).ReadHistory().StepsDone);
        }
        Assert.False(RunLock.IsHeld(_folder["run"]));
        Assert.Equal(4, Run.Open(_folder["run"]).ReadHistory().StepsDone);
    }

    [Fact]
    public void A_bad_line_of_the_metrics_does_not_keep_a_run_from_going_on()
    {
        Train("run");
        var metrics = Path.Combine(_folder["run"], MetricsLog.FileName);
        var lines = File.ReadAllLines(metrics);
        File.WriteAllLines(metrics, [lines[0], "\0\0\0", .. lines[1..], "{\"event\":"]);
        Assert.Equal([2, lines.Length + 2], Run.Open(_folder["run"]).ReadHistory().DamagedLines);
        var news = new List<TrainingProgress>();
        var recipe = Run.Open(_folder["run"]).ReadRecipe();
        TrainingRun.Resume(
            _folder["run"], recipe with { Optimizer = recipe.Optimizer with { Steps = 6 } }, progress: new Listener(news.Add),
            cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([2, lines.Length + 2], news.OfType<MetricsDamaged>().Single().Lines);
        Assert.Equal((6, 0), (Run.Open(_folder["run"]).ReadHistory().StepsDone, Run.Open(_folder["run"]).ReadHistory().DamagedLines.Count));
    }

    [Fact]
    public void A_run_that_was_killed_before_its_first_checkpoint_is_begun_again()
    {
        Train("whole");
        Directory.CreateDirectory(_folder["run"]);
        File.Copy(Path.Combine(_folder["whole"], Run.RecipeName), Path.Combine(_folder["run"], Run.RecipeName));
        File.WriteAllText(Path.Combine(_folder["run"], MetricsLog.FileName), "");
        var finished = TrainingRun.Resume(_folder["run"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((4, EndReason.Completed), (finished.Step, finished.Reason));
        Assert.Equal(Weights("whole"), Weights("run"));
    }

    [Fact]
    public void A_run_that_was_killed_before_its_first_checkpoint_gives_its_folder_up()
    {
        var folders = new RunFolders(_folder["runs"]);
        var folder = Path.Combine(_folder["runs"], "one");
        Directory.CreateDirectory(folder);
        Small.Save(Path.Combine(folder, Run.RecipeName));
        Assert.Equal(folder, folders.Choose("one", null));
        using (RunLock.Acquire(folder))
        {
            Assert.Contains("in use", Assert.Throws<IOException>(() => folders.Choose("one", null)).Message, StringComparison.Ordinal);
        }
        TrainingRun.Start(Small, folders.Choose("one", null), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Throws<IOException>(() => folders.Choose("one", null));
    }

    [Fact]
    public void A_run_whose_checkpoints_are_gone_but_not_its_history_is_not_replaced()
    {
        Train("run");
        Directory.Delete(Path.Combine(_folder["run"], "checkpoints"), recursive: true);
        Assert.Throws<IOException>(() => new RunFolders(_folder["runs"]).Choose(null, _folder["run"]));
        Assert.Throws<FileNotFoundException>(() => TrainingRun.Resume(_folder["run"], cancellationToken: TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_checkpoint_that_is_pruned_under_its_reader_is_given_up_for_a_newer_one()
    {
        Train("run");
        File.Delete(Path.Combine(_folder["run"], "best.json")); // so the newest stands for the run
        var store = new CheckpointStore(_folder["run"], keepLast: 1);
        var tried = new List<string>();
        using var model = ModelLocation.Open(_folder["run"], folder =>
        {
            tried.Add(folder);
            if (tried.Count < 4)
            {
                var next = store.Checkpoints[0].Step + 1;
                store.Save(next, partial => CopyFiles(folder, partial)); // the training beside is one step further
                Assert.False(Directory.Exists(folder));
            }
            return LanguageModel.Load(folder);
        });
        Assert.Equal(4, tried.Distinct().Count());
    }

    [Fact]
    public void A_damaged_checkpoint_is_refused_and_an_intact_one_named()
    {
        Train("run");
        var best = Run.Open(_folder["run"]).ModelFolder!;
        var file = Path.Combine(best, "model.safetensors");
        var content = File.ReadAllBytes(file);
        content[^9] ^= 4;
        File.WriteAllBytes(file, content);
        var other = new CheckpointStore(_folder["run"]).Checkpoints.Single(checkpoint => checkpoint.Path != best).Path;
        var message = Assert.Throws<InvalidDataException>(() => Run.Open(_folder["run"]).LoadLanguageModel()).Message;
        Assert.Contains("model.safetensors has changed", message, StringComparison.Ordinal);
        Assert.Contains($"{other} is intact, give that instead", message, StringComparison.Ordinal);
    }

    private static void CopyFiles(string from, string to)
    {
        foreach (var file in Directory.GetFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private void Train(string run) => TrainingRun.Start(Small, _folder[run], cancellationToken: TestContext.Current.CancellationToken);

    private void Append(params TrainingProgress[] news)
    {
        using var log = MetricsLog.Open(Path.Combine(_folder["run"], MetricsLog.FileName), long.MaxValue);
        foreach (var line in news)
        {
            log.Append(line);
        }
    }

    private byte[] Weights(string run) => File.ReadAllBytes(Path.Combine(Run.Open(_folder[run]).ModelFolder!, "model.safetensors"));

    private Recipe Small
    {
        get
        {
            var recipe = Recipe.Preset("nanogpt-cpu");
            return recipe with
            {
                Threads = 1,
                Data = recipe.Data with { Source = _folder["text.txt"] },
                Tokenizer = recipe.Tokenizer with { Kind = TokenizerRecipe.Bytes },
                Model = recipe.Model with { LayerCount = 1, HeadCount = 2, Width = 16, ContextLength = 16 },
                Optimizer = recipe.Optimizer with { Steps = 4, WarmupSteps = 2, BatchSize = 2 },
                Evaluation = recipe.Evaluation with { Every = 2, CheckpointEvery = 2, Batches = 1 },
            };
        }
    }

    private sealed class Listener(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => hear(value);
    }
}
