using Idiolect.Generation;
using Idiolect.Kernels;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>What a run does on the way: learn, measure, keep the best, stop.</summary>
public sealed class TrainerTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void A_short_text_is_learned_by_heart(string shape)
    {
        using var model = TinyRun.Model(shape, dropout: 0);
        using var data = TinyRun.Data("abcdefghijklmnopqrstuvwxyz0123456789 abcdefghijklmnopqrstuvwxyz0123456789");
        using var trainer = TinyRun.New(
            model, data, TinyRun.Options with { Steps = 150, LearningRate = 1e-2, EvaluateEvery = 0, CheckpointEvery = 0 }, _run.Path);
        var steps = TinyRun.Run(trainer, model).OfType<StepCompleted>().ToList();
        Assert.InRange(steps[0].Loss, 5.0, 6.0); // ln 257 = 5.55
        Assert.InRange(steps[^1].Loss, 0, 0.5);
    }

    [Fact]
    public void The_learning_rate_follows_the_schedule_and_the_seen_tokens_the_options()
    {
        var options = TinyRun.Options with { Steps = 24, WarmupSteps = 10 };
        var steps = _run.Train(options).OfType<StepCompleted>().ToList();
        var schedule = LearningRateSchedule.From(options);
        Assert.Equal(Enumerable.Range(0, 24).Select(step => schedule.At(step)), steps.Select(step => step.LearningRate));
        Assert.Equal(24 * 2 * 2, TrainingState.Read(_run.Checkpoint(24)).Position);
    }

    [Fact]
    public void Two_passes_of_four_are_one_batch_of_eight()
    {
        using var other = new TinyRun();
        var options = TinyRun.Options with { Steps = 1, GradientClip = 0, LearningRate = 1e-3, WarmupSteps = 0 };
        var halves = _run.Train(options with { BatchSize = 4, GradientAccumulation = 2 }, dropout: 0).OfType<StepCompleted>().Single();
        var whole = other.Train(options with { BatchSize = 8, GradientAccumulation = 1 }, dropout: 0).OfType<StepCompleted>().Single();
        Assert.Equal(whole.Loss, halves.Loss, 1e-5);
        Assert.Equal(whole.GradientNorm, halves.GradientNorm, 1e-5 * whole.GradientNorm);
    }

    [Fact]
    public void Gradients_with_a_large_norm_are_clipped()
    {
        using var other = new TinyRun();
        // Without moments that normalise it away (beta 0, epsilon 1e3) an update is proportional to the gradient.
        var options = TinyRun.Options with { Steps = 1, WarmupSteps = 0, LearningRate = 1, Beta1 = 0, Beta2 = 0, Epsilon = 1e3, WeightDecay = 0 };
        var norm = _run.Train(options with { GradientClip = 0 }, dropout: 0).OfType<StepCompleted>().Single().GradientNorm;
        other.Train(options with { GradientClip = norm / 4 }, dropout: 0);
        Assert.Equal(4, ChangeOf(_run) / ChangeOf(other), 0.05);

        static double ChangeOf(TinyRun run)
        {
            using var before = TinyRun.Model(dropout: 0);
            using var after = LanguageModel.Load(run.Checkpoint(1));
            return Math.Sqrt(before.Model.Parameters.All.Zip(after.Model.Parameters.All)
                .Sum(pair => Enumerable.Range(0, (int)pair.First.Count)
                    .Sum(i => Math.Pow((double)pair.First.Values[i] - pair.Second.Values[i], 2))));
        }
    }

    [Fact]
    public void The_best_checkpoint_is_named_and_spared()
    {
        // At this learning rate what comes after the warm-up is worse than what was before.
        var news = _run.Train(
            TinyRun.Options with
            {
                Steps = 60, LearningRate = 0.5, WarmupSteps = 60, EvaluateEvery = 2, CheckpointEvery = 10, KeepCheckpoints = 2,
            });
        var evaluations = news.OfType<EvaluationCompleted>().ToList();
        var best = evaluations.MinBy(evaluation => evaluation.ValidationLoss)!;
        Assert.InRange(best.Step, 2, 40);
        Assert.Equal(new BestCheckpoint(best.Step, best.ValidationLoss), new CheckpointStore(_run.Path).Best);
        Assert.Equal([60, 50, best.Step], _run.Steps);
        Assert.Equal(best.ValidationLoss, ((TrainingEnded)news[^1]).BestValidationLoss);
        Assert.Equal(best.Step, evaluations.Last(evaluation => evaluation.IsBest).Step);
    }

    [Fact]
    public void A_best_checkpoint_after_the_one_resumed_is_forgotten()
    {
        _run.Train(TinyRun.Options with { Steps = 40, CheckpointEvery = 10, EvaluateEvery = 30 }, stopAt: 30);
        Assert.Equal(30, new CheckpointStore(_run.Path).Best!.Step);
        File.Delete(Path.Combine(_run.Checkpoint(30), "config.json"));
        // Step 30 is saved again, but not measured: it must not be called the best by what best.json said before.
        _run.Resume(options => options with { EvaluateEvery = 0, Threads = 1 }, stopAt: 30);
        Assert.Contains(30, _run.Steps);
        Assert.Null(new CheckpointStore(_run.Path).Best);
    }

    [Fact]
    public void A_run_stops_early_when_it_no_longer_improves_and_takes_no_step_when_resumed()
    {
        var news = _run.Train(
            TinyRun.Options with { LearningRate = 0.5, WarmupSteps = 60, EvaluateEvery = 5, EarlyStopPatience = 2 });
        var ended = (TrainingEnded)news[^1];
        Assert.Equal(EndReason.EarlyStop, ended.Reason);
        Assert.Equal([false, false], news.OfType<EvaluationCompleted>().TakeLast(2).Select(evaluation => evaluation.IsBest));
        Assert.Equal(ended.Step, _run.Steps.First());

        var resumed = Assert.IsType<TrainingEnded>(Assert.Single(_run.Resume()));
        Assert.Equal((ended.Step, EndReason.EarlyStop), (resumed.Step, resumed.Reason));
    }

    [Fact]
    public void A_run_can_be_made_longer()
    {
        _run.Train(TinyRun.Options with { Steps = 10 });
        var news = _run.Resume(options => options with { Steps = 14, Threads = 1 });
        Assert.Equal([11, 12, 13, 14], news.OfType<StepCompleted>().Select(step => step.Step));
        Assert.Equal(14, TrainingState.Read(_run.Checkpoint(14)).Options.Steps);
    }

    [Fact]
    public void A_run_without_held_out_text_is_not_measured()
    {
        using var model = TinyRun.Model();
        using var data = TinyRun.Data() with { Validation = null };
        using var trainer = TinyRun.New(model, data, TinyRun.Options with { Steps = 3, EvaluateEvery = 1 }, _run.Path);
        var news = TinyRun.Run(trainer, model);
        Assert.Empty(news.OfType<EvaluationCompleted>());
        Assert.Null(((TrainingEnded)news[^1]).BestValidationLoss);
    }

    [Fact]
    public void An_L1_penalty_drives_weights_to_zero()
    {
        using var other = new TinyRun();
        var options = TinyRun.Options with { Steps = 60, WeightDecay = 0, EvaluateEvery = 0 };
        _run.Train(options);
        other.Train(options with { L1 = 1e-2 });
        Assert.True(NearZero(other) > 2 * NearZero(_run), $"{NearZero(other)} weights near zero with L1, {NearZero(_run)} without");

        static int NearZero(TinyRun run)
        {
            using var model = LanguageModel.Load(run.Checkpoint(60));
            return model.Model.Parameters.All.Sum(parameter => parameter.Values.ToArray().Count(value => Math.Abs(value) < 2e-3f));
        }
    }

    [Fact]
    public void Weight_decay_shrinks_matrices_only()
    {
        using var model = TinyRun.Model("gpt2");
        var parameters = model.Model.Parameters;
        foreach (var parameter in parameters.All)
        {
            parameter.Assign(Enumerable.Repeat(1f, (int)parameter.Count).ToArray());
        }
        using var team = new Team(1, IsaSelector.Default);
        using var optimizer = new AdamWOptimizer(parameters, new AdamWOptions { WeightDecay = 0.5 });
        optimizer.Step(new OptimizerStep(Updates: 0, LearningRate: 0.1) { Team = team }); // gradients are zero
        Assert.All(parameters.All, parameter => Assert.All(
            parameter.Values.ToArray(), value => Assert.Equal(parameter.Shape.Rank == 2 ? 0.95f : 1f, value, 1e-6f)));
        Assert.Contains(parameters.All, parameter => parameter.Shape.Rank == 1);
    }

    [Fact]
    public void Muon_takes_the_hidden_matrices_query_key_and_value_each_by_itself()
    {
        using var model = TinyRun.Model();
        var matrices = model.Model.Parameters.All.Where(MuonOptimizer.Takes).ToDictionary(parameter => parameter.Name, parameter => parameter.HiddenRows);
        Assert.Equal(
            ["layers.0.attention.output.weight", "layers.0.attention.qkv.weight", "layers.0.feed_forward.down.weight", "layers.0.feed_forward.gate_up.weight"],
            matrices.Keys.Where(name => name.StartsWith("layers.0.", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal(8, matrices.Count); // neither embedding nor head
        Assert.Equal([16, 8, 8], matrices["layers.1.attention.qkv.weight"]);
        Assert.All(matrices, matrix => Assert.Equal(model.Model.Parameters[matrix.Key].Shape[0], matrix.Value.Sum()));
    }

    [Fact]
    public void Muon_learns()
    {
        var news = _run.Train(TinyRun.Options with { Steps = 60, Optimizer = OptimizerKind.Muon });
        var losses = news.OfType<StepCompleted>().Select(step => step.Loss).ToList();
        Assert.True(losses[^1] < losses[0] - 1, $"from {losses[0]} to {losses[^1]}");
    }

    [Fact]
    public void Moments_of_another_optimizer_are_refused_by_name()
    {
        _run.Train(TinyRun.Options with { Steps = 2 });
        var error = Assert.Throws<InvalidDataException>(() => _run.Resume(options => options with { Optimizer = OptimizerKind.Muon, Threads = 1 }));
        Assert.Contains("optimizer.safetensors: tensor momentum.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Muon_with_a_penalty_is_refused()
        => Assert.Equal("Optimizer", Assert.Throws<ArgumentException>(
            new TrainingOptions { Optimizer = OptimizerKind.Muon, L1 = 0.1 }.Validate).ParamName);

    [Fact]
    public void A_frozen_parameter_stays()
    {
        using var model = TinyRun.Model("gpt2");
        var frozen = model.Model.Parameters["layers.0.attention.qkv.weight"];
        frozen.RequiresGradient = false;
        var before = frozen.Values.ToArray();
        var next = model.Model.Parameters["layers.0.attention.output.weight"].Values.ToArray();
        using var data = TinyRun.Data();
        using var trainer = TinyRun.New(model, data, TinyRun.Options with { Steps = 3 }, _run.Path);
        TinyRun.Run(trainer, model);
        Assert.Equal(before, frozen.Values.ToArray());
        Assert.NotEqual(next, model.Model.Parameters["layers.0.attention.output.weight"].Values.ToArray());
    }
}
