using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>A run that goes on as another one says so.</summary>
public sealed class ResumeChangeTests : IDisposable
{
    private readonly TinyRun _run = new();

    public ResumeChangeTests() => _run.Train(TinyRun.Options with { Steps = 6, EvaluateEvery = 0 }, stopAt: 4);

    public void Dispose() => _run.Dispose();

    [Fact]
    public void Options_that_change_the_weights_are_reported_first()
    {
        var news = _run.Resume(options => options with { LearningRate = 1e-4, Steps = 8, Optimizer = OptimizerKind.AdamW, Threads = 1 });
        var changed = Assert.IsType<RunChanged>(news[0]);
        Assert.Equal(4, changed.Step);
        Assert.Equal(
            [new RunChange("LearningRate", "0.003", "0.0001"), new RunChange("Steps", "6", "8")],
            changed.Changes.OrderBy(change => change.Name, StringComparer.Ordinal));
        Assert.Equal("Steps is 8 (was 6)", changed.Changes.Single(change => change.Name == "Steps").ToString());
        Assert.Equal(8, news.OfType<StepCompleted>().Last().Step);
        var logged = MetricsLog.Read(Path.Combine(_run.Path, MetricsLog.FileName)).OfType<RunChanged>().Single();
        Assert.Equal(changed.Changes, logged.Changes);
    }

    [Fact]
    public void Options_that_do_not_are_not()
        => Assert.Empty(_run.Resume(options => options with { EvaluateEvery = 3, CheckpointEvery = 1, KeepCheckpoints = 4, Threads = 2 }).OfType<RunChanged>());

    [Fact]
    public void Other_data_are_refused_unless_they_are_allowed_and_then_reported_and_remembered()
    {
        using var other = TinyRun.Data(TinyRun.Text(700, seed: 9));
        Assert.Throws<InvalidDataException>(() => TinyRun.Resume(_run.Path, other, null, out _));
        using (var trainer = TinyRun.Resume(_run.Path, other, options => options with { Threads = 1 }, out var model, allowOtherData: true))
        using (model)
        {
            var news = TinyRun.Run(trainer, model);
            Assert.Equal("Data", Assert.Single(Assert.IsType<RunChanged>(news[0]).Changes).Name);
            Assert.Equal([5, 6], news.OfType<StepCompleted>().Select(step => step.Step));
        }
        Assert.Equal(other.Hash, TrainingState.Read(_run.Checkpoint(6)).DataHash);
        using (var again = TinyRun.Resume(_run.Path, other, null, out var model))
        using (model)
        {
            Assert.Equal(6, again.StepsTaken);
        }
    }

    [Fact]
    public void A_run_is_resumed_with_the_constant_learning_rate_of_a_longer_one_without_a_word()
    {
        using var run = new TinyRun();
        run.Train(TinyRun.Options with { Steps = 4, EvaluateEvery = 0, Schedule = ScheduleShape.Constant });
        Assert.Empty(run.Resume(options => options with { Steps = 6, Threads = 1 }).OfType<RunChanged>());
    }
}
