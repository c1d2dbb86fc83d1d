using Idiolect.Models;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>A step without a trainer and without files.</summary>
public sealed class TrainingStepTests
{
    private static readonly int[] Ids = [.. Enumerable.Range(0, 16)];

    [Fact]
    public void A_loop_of_ones_own_learns()
    {
        using var model = new Gpt(TinyRun.Config("llama", dropout: 0), seed: 5);
        using var step = new TrainingStep(model.Parameters, new TrainingOptions { Steps = 60, LearningRate = 1e-2, Threads = 1 });
        var losses = Enumerable.Range(0, 60).Select(_ => step.Take(context => model.Loss(Ids, Ids, 1, context)).Loss).ToArray();
        Assert.InRange(losses[0], 5, 6);
        Assert.InRange(losses[^1], 0, 0.5);
        Assert.Equal(60, step.Updates);
        Assert.True(step.PeakBytes > 0);
    }

    [Fact]
    public void A_loop_of_ones_own_is_the_trainers_to_the_bit()
    {
        using var run = new TinyRun();
        var options = TinyRun.Options with { Steps = 12, EvaluateEvery = 0, CheckpointEvery = 0 };
        using var model = TinyRun.Model();
        using var data = TinyRun.Data();
        using (var task = new LanguageModelTask(model.Model, model.Tokenizer, data, options))
        using (var step = new TrainingStep(task.Parameters, options))
        {
            var schedule = LearningRateSchedule.From(options);
            for (var i = 0; i < options.Steps; i++)
            {
                var gradients = step.ComputeGradients(i, task);
                Assert.True(gradients.IsFinite);
                step.Update(i, schedule.At(i), gradients.Norm);
            }
        }
        run.Train(options);
        using var trained = Idiolect.Generation.LanguageModel.Load(run.Checkpoint(12));
        Assert.Equal(SimpleTask.Values(trained.Model.Parameters), SimpleTask.Values(model.Model.Parameters));
    }

    [Fact]
    public void Gradients_can_be_changed_before_the_norm_and_the_update()
    {
        using var model = new Gpt(TinyRun.Config("gpt2", dropout: 0), seed: 5);
        using var step = new TrainingStep(model.Parameters, new TrainingOptions { WeightDecay = 0, Threads = 1 });
        var before = SimpleTask.Values(model.Parameters);
        step.BeforeUpdate = () =>
        {
            foreach (var parameter in model.Parameters.All)
            {
                Assert.Contains(parameter.GradientValues.ToArray(), gradient => float.IsFinite(gradient));
                parameter.MutableGradient.Clear();
            }
        };
        Assert.Equal(0, step.Take(context => model.Loss(Ids, Ids, 1, context)).Norm);
        Assert.Equal(before, SimpleTask.Values(model.Parameters));
    }

    [Fact]
    public void A_step_that_is_not_finite_learns_nothing_and_does_not_count()
    {
        using var model = new Gpt(TinyRun.Config("gpt2", dropout: 0), seed: 5);
        using var step = new TrainingStep(model.Parameters, new TrainingOptions { Threads = 1 });
        var parameter = model.Parameters.All[0];
        var healthy = parameter.Values.ToArray();
        parameter.MutableValues[3] = float.NaN;
        var others = model.Parameters.All.Skip(1).Select(other => other.Values.ToArray()).ToArray();
        Assert.False(step.Take(context => model.Loss(Ids, Ids, 1, context)).IsFinite);
        Assert.Equal(0, step.Updates);
        Assert.Equal(others, model.Parameters.All.Skip(1).Select(other => other.Values.ToArray()));
        parameter.Assign(healthy);
        Assert.True(step.Take(context => model.Loss(Ids, Ids, 1, context)).IsFinite);
        Assert.Equal(1, step.Updates);
    }

    [Fact]
    public void A_loss_that_throws_leaves_a_step_that_can_go_on()
    {
        using var model = new Gpt(TinyRun.Config("gpt2", dropout: 0), seed: 5);
        using var step = new TrainingStep(model.Parameters, new TrainingOptions { Threads = 1 });
        Assert.Throws<ArgumentException>(() => step.Take(context => model.Loss(Ids, Ids.AsSpan(1), 1, context)));
        Assert.Equal(0, step.Tape.BytesInUse);
        Assert.True(step.Take(context => model.Loss(Ids, Ids, 1, context)).IsFinite);
    }
}
