using System.Security.Cryptography;
using System.Runtime.InteropServices;
using Idiolect.Kernels;
using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Layers;
using Idiolect.Tensors;
using Idiolect.Training;
using MathNet.Numerics.LinearAlgebra;

namespace Idiolect.Lab.Experiments;

/// <summary>A transformer does regression on tasks that it has never seen, from examples in its input alone.</summary>
internal sealed class InContext : Experiment
{
    internal const string HashCondition = "the weights' SHA-256 is the same before and after the test";

    private const int Inputs = 3;
    private const int Batch = 64;

    public override Protocol Protocol { get; } = new()
    {
        Name = "in-context",
        Claim = "A trained model solves new tasks from a few examples in its input, without any further training.",
        Essay = "Learning in context",
        Paper = "Brown et al. 2020; Garg et al. 2022",
        Setup = $"A transformer (3 layers, width 64) reads x1, y1, x2, y2, ... of a random linear function of {Inputs} inputs and predicts each y; every text has a function of its own, and the test has new ones. Two "
            + "learning rates. Least squares on the same examples stands beside it. Control: before training the error does not fall with examples (at least 0.7 of the variance at the end).",
        Measure = "squared error after the last example, as a fraction of the variance of y",
        Threshold = 0.3,
        Side = Side.AtMost,
        Correction = "The model has been trained to learn from examples, on tasks of the same kind (meta-training): new is the task, not the kind of task.",
    };

    internal override Observation Run(Bench bench)
    {
        var examples = bench.Size(10, 6);
        double[] rates = bench.Size<double[]>([1e-3, 3e-3], [3e-3]);
        var trial = LabTraining.Tune(rates, bench.Advance, (rate, progress) => Train(bench, examples, rate, progress), trial => -trial.After[^1]);
        var x = Enumerable.Range(0, examples).Select(count => (double)count).ToArray();
        return new Observation
        {
            Value = trial.After[^1],
            Controls = [new($"before training the error at the end is {Reports.Report.Number(trial.Before[^1])}", trial.Before[^1] >= 0.7)],
            Conditions = [new(HashCondition, trial.SameWeights)],
            Figures =
            [
                new("error without an example", trial.After[0]), new($"error after {Inputs} examples", trial.After[Inputs]), new("error after the last example", trial.After[^1]),
                new($"least squares after {Inputs} examples", trial.LeastSquares[Inputs]),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "New tasks, learnt from the input alone", XLabel = "examples read before", YLabel = "squared error / variance of y",
                    Series = [new("transformer, trained", x, trial.After), new("transformer, before training", x, trial.Before), new("least squares", x, trial.LeastSquares)],
                },
            ],
        };
    }

    private sealed record Trial(double[] Before, double[] After, double[] LeastSquares, bool SameWeights);

    private static Trial Train(Bench bench, int examples, double rate, Action<double> progress)
    {
        var steps = bench.Size(1200, 30);
        using var model = new LabTransformer(
            new LabShape { Vocabulary = 1, Context = 2 * examples, Layers = 3, Width = 64, Hidden = 256, Inputs = Inputs + 1 }, bench.Seed);
        using var training = new TrainingStep(
            model.Parameters, new TrainingOptions(Steps: steps, LearningRate: rate, WarmupSteps: bench.Size(50, 20), WeightDecay: 0), team: Team.Shared);
        var (random, testRandom) = (bench.Random(1), bench.Random(2));
        var test = Tasks(512, examples, testRandom);
        var before = Errors(model, test, examples);
        for (var step = 0; step < steps; step++)
        {
            progress((double)step / steps);
            var (inputs, targets, weights) = Tasks(Batch, examples, random);
            training.Take(context =>
            {
                using var predicted = model.Forward(inputs, Batch, context);
                return Tensors.Loss.SquaredError(predicted, targets, weights);
            });
        }
        var hash = Hash(model.Parameters);
        var after = Errors(model, test, examples);
        return new Trial(before, after, LeastSquares(test, examples), hash.SequenceEqual(Hash(model.Parameters)));
    }

    /// <summary>
    /// Inputs (batch, 2 * examples, inputs + 1): rows of x and then of its y; targets (batch, 2 * examples), the y at each x; weights 1 there, else 0.
    /// </summary>
    private static (float[] Inputs, float[] Targets, float[] Weights) Tasks(int batch, int examples, Random random)
    {
        var (inputs, targets, weights) = (new float[batch * 2 * examples * (Inputs + 1)], new float[batch * 2 * examples], new float[batch * 2 * examples]);
        float Normal() => (float)(Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
        for (var task = 0; task < batch; task++)
        {
            var function = Enumerable.Range(0, Inputs).Select(_ => Normal() / MathF.Sqrt(Inputs)).ToArray(); // so that y has variance 1
            for (var example = 0; example < examples; example++)
            {
                var row = ((task * examples) + example) * 2;
                for (var i = 0; i < Inputs; i++)
                {
                    var x = Normal();
                    inputs[(row * (Inputs + 1)) + i] = x;
                    targets[row] += function[i] * x;
                }
                inputs[((row + 1) * (Inputs + 1)) + Inputs] = targets[row];
                weights[row] = 1;
            }
        }
        return (inputs, targets, weights);
    }

    /// <summary>The mean squared error after 0, 1, 2, ... examples.</summary>
    private static double[] Errors(LabTransformer model, (float[] Inputs, float[] Targets, float[] Weights) test, int examples)
    {
        var tasks = test.Targets.Length / (2 * examples);
        using var tape = new Tape(recording: false);
        using var output = model.Forward(test.Inputs, tasks, new ForwardContext(tape));
        var predicted = output.ToArray();
        return [.. Enumerable.Range(0, examples).Select(example => Enumerable.Range(0, tasks)
            .Average(task => Math.Pow(predicted[((task * examples) + example) * 2] - test.Targets[((task * examples) + example) * 2], 2)))];
    }

    /// <summary>The same of the least-squares solution of least norm.</summary>
    private static double[] LeastSquares((float[] Inputs, float[] Targets, float[] Weights) test, int examples)
    {
        const int Tasks = 128;
        var errors = new double[examples];
        for (var task = 0; task < Tasks; task++)
        {
            Vector<double> X(int example) => Vector<double>.Build.Dense(Inputs, i => test.Inputs[((((task * examples) + example) * 2) * (Inputs + 1)) + i]);
            double Y(int example) => test.Targets[((task * examples) + example) * 2];
            for (var seen = 0; seen < examples; seen++)
            {
                var guess = 0.0;
                if (seen > 0)
                {
                    var x = Matrix<double>.Build.DenseOfRowVectors(Enumerable.Range(0, seen).Select(X));
                    guess = X(seen) * (x.PseudoInverse() * Vector<double>.Build.Dense(seen, Y));
                }
                errors[seen] += Math.Pow(guess - Y(seen), 2) / Tasks;
            }
        }
        return errors;
    }

    private static byte[] Hash(ParameterSet parameters)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var parameter in parameters.All)
        {
            hash.AppendData(MemoryMarshal.AsBytes(parameter.Values));
        }
        return hash.GetHashAndReset();
    }
}
