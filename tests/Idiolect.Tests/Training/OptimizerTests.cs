using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>Optimisers by themselves, and one of a user's own.</summary>
public sealed class OptimizerTests : IDisposable
{
    private readonly TinyRun _run = new();
    private readonly TinyRun _other = new();

    public void Dispose()
    {
        _run.Dispose();
        _other.Dispose();
    }

    [Fact]
    public void An_optimizer_of_ones_own_trains_and_resumes_bit_for_bit()
    {
        var options = TinyRun.Options with { Steps = 30, LearningRate = 3e-3, EvaluateEvery = 30, CheckpointEvery = 10 };
        var losses = Train(_run, options, stopAt: null);
        Assert.True(losses[^1] < losses[0] - 0.3, $"the loss went from {losses[0]} to {losses[^1]}");
        Train(_other, options, stopAt: 13);
        using (var data = TinyRun.Data())
        {
            Idiolect.Generation.LanguageModel? model = null;
            using var trainer = Trainer.Resume(
                _other.Path,
                (checkpoint, _, resumed) =>
                {
                    model = Idiolect.Generation.LanguageModel.Load(checkpoint);
                    return new LanguageModelTask(model.Model, model.Tokenizer, data, resumed);
                },
                optimizer: (parameters, _) => new Lion(parameters));
            using (model)
            {
                Assert.Equal(13, trainer.StepsTaken);
                TinyRun.Run(trainer, model!);
            }
        }
        Assert.Equal(_run.Weights(30), _other.Weights(30));
        Assert.Contains(_run.Bytes(), line => line.Contains("optimizer.safetensors", StringComparison.Ordinal));

        // What it remembers is no AdamW's.
        Assert.Throws<InvalidDataException>(() => _other.Resume(kept => kept with { Steps = 40, Threads = 1 }));

        static List<double> Train(TinyRun run, TrainingOptions options, long? stopAt)
        {
            using var model = TinyRun.Model();
            using var data = TinyRun.Data();
            using var trainer = new Trainer(
                new LanguageModelTask(model.Model, model.Tokenizer, data, options), options, run.Path, (parameters, _) => new Lion(parameters));
            return [.. TinyRun.Run(trainer, model, stopAt).OfType<StepCompleted>().Select(step => step.Loss)];
        }
    }

    [Theory]
    [InlineData(OptimizerKind.AdamW)]
    [InlineData(OptimizerKind.Muon)]
    public void What_an_optimizer_remembers_is_saved_and_loaded(OptimizerKind kind)
    {
        using var folder = new TemporaryFolder();
        using var model = TinyRun.Model();
        var parameters = model.Model.Parameters;
        using var first = Create();
        Fill();
        first.Step(new OptimizerStep(Updates: 0, LearningRate: 1e-3));
        Assert.All(parameters.All, parameter => Assert.True(parameter.GradientValues.IndexOfAnyExcept(0f) < 0));
        first.Save(folder["moments"]);
        var before = parameters.All.ToDictionary(parameter => parameter.Name, parameter => parameter.Values.ToArray());

        Fill();
        first.Step(new OptimizerStep(1, 1e-3));
        var expected = SimpleTask.Values(parameters);
        foreach (var parameter in parameters.All)
        {
            parameter.Assign(before[parameter.Name]);
        }
        using var second = Create();
        second.Load(folder["moments"]);
        Fill();
        second.Step(new OptimizerStep(1, 1e-3));
        Assert.Equal(expected, SimpleTask.Values(parameters));

        Optimizer Create() => kind == OptimizerKind.Muon ? new MuonOptimizer(parameters, new MuonOptions()) : new AdamWOptimizer(parameters, new AdamWOptions());

        void Fill()
        {
            foreach (var parameter in parameters.All)
            {
                var gradient = parameter.MutableGradient;
                for (var i = 0; i < gradient.Length; i++)
                {
                    gradient[i] = MathF.Sin(i + parameter.Name.Length);
                }
            }
        }
    }

    /// <summary>Lion (Chen et al. 2023): the sign of an interpolated momentum.</summary>
    private sealed class Lion(ParameterSet parameters) : Optimizer(parameters)
    {
        private readonly Dictionary<Parameter, float[]> _momentum = parameters.All.ToDictionary(parameter => parameter, parameter => new float[parameter.Count]);

        public override IEnumerable<OptimizerMemory> Memory
            => Parameters.All.Select(parameter => new OptimizerMemory($"momentum.{parameter.Name}", _momentum[parameter]));

        protected override void Update(OptimizerStep step)
        {
            foreach (var (parameter, momentum) in _momentum)
            {
                var values = parameter.MutableValues;
                var gradient = parameter.GradientValues;
                for (var i = 0; i < values.Length; i++)
                {
                    var g = gradient[i] * (float)step.GradientScale;
                    values[i] -= (float)step.LearningRate * MathF.Sign((0.9f * momentum[i]) + (0.1f * g));
                    momentum[i] = (0.99f * momentum[i]) + (0.01f * g);
                }
            }
        }
    }
}
