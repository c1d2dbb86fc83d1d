using Idiolect.Kernels;
using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Models;
using Idiolect.Training;
using MathNet.Numerics.LinearAlgebra;

namespace Idiolect.Lab.Experiments;

/// <summary>How much of a gradient is left after so many steps back through time.</summary>
internal sealed class Vanishing : Experiment
{
    private const int Width = 64;
    private const int Lag = 4;
    private const int Batch = 8;

    public override Protocol Protocol { get; } = new()
    {
        Name = "vanishing",
        Claim = "In recurrent networks with the usual start gradients vanish or explode through time; in a transformer they do not.",
        Essay = "Memory",
        Paper = "Bengio et al. 1994; Hochreiter and Schmidhuber 1997; Pascanu et al. 2013; Jozefowicz et al. 2015",
        Setup = $"Fresh networks of width {Width} read a text in which every token stands once; the loss is at the last position, so the gradient of a token's vector is the gradient at its distance. Plain RNNs whose "
            + "recurrent matrix has gain 0.58 (usual start) and 3 or is orthogonal, LSTMs with forget bias 0, 1 and 3, a GPT of 2 layers; geometric mean over 8 texts, relative to distance 1. The same once more "
            + $"after 1,000 steps of AdamW in which each learns to tell, at every place, the token {Lag} places before. Control: the fresh GPT keeps "
            + "a thousandth at the greatest distance.",
        Measure = "log10 of the usual RNN's gradient at the greatest distance, relative to distance 1",
        Threshold = -4,
        Minutes = 1,
        Side = Side.AtMost,
        Changes =
        [
            "A review found that all is said of fresh networks, and that a start can be chosen where nothing vanishes. The claim says so now, and an RNN with an orthogonal matrix (Le et al. 2015; Arjovsky et al. 2016) "
            + "stands beside the others. (The picture leaves out what is below 10^-30.) What training does to the gradient is a second picture, and no part of the verdict. Measure and threshold are the same; the old verdict was shown (-28).",
        ],
        Correction = "It is the start, not the recurrence as such: an orthogonal matrix keeps much of the gradient. The LSTM's gradient depends on the bias of its forget gate: with 3 almost nothing is lost, with 0 it vanishes like the RNN's.",
    };

    internal override Observation Run(Bench bench)
    {
        var time = bench.Size(129, 65);
        var x = Enumerable.Range(1, time - 2).Select(distance => (double)distance).ToArray();
        var arms = new (string Name, Func<ITokenModel> Make)[]
        {
            ("RNN, gain 0.58", () => MakeRecurrent(bench, time, RecurrentCell.Rnn, 0, 1)),
            ("RNN, gain 3", () => MakeRecurrent(bench, time, RecurrentCell.Rnn, 0, 3 * Math.Sqrt(3))),
            ("RNN, orthogonal", () => MakeOrthogonal(bench, time)),
            ("LSTM, forget bias 0", () => MakeRecurrent(bench, time, RecurrentCell.Lstm, 0, 1)),
            ("LSTM, forget bias 1", () => MakeRecurrent(bench, time, RecurrentCell.Lstm, 1, 1)),
            ("LSTM, forget bias 3", () => MakeRecurrent(bench, time, RecurrentCell.Lstm, 3, 1)),
            ("GPT", () => new LanguageTokenModel(new Gpt(GptConfig.Gpt2(time, time, 2, 4, Width) with { TiedEmbedding = false }, bench.Seed))),
        };
        var found = bench.InParallel(arms, (arm, team, progress) => Measure(arm.Make, time, bench, team, progress));
        var logs = Array.ConvertAll(found, each => each.Fresh);
        Chart Picture(string title, Func<Found, double[]> which) => new()
        {
            Title = title, XLabel = "distance (tokens)", YLabel = "log10 of gradient norm, relative to distance 1",
            Series = [.. arms.Select((arm, i) => new ChartSeries(arm.Name, x, [.. which(found[i]).Select(log => log < -30 ? double.NaN : log)]))],
        };
        return new Observation
        {
            Value = logs[0][^1],
            Controls = [new($"the GPT's gradient at distance {time - 2} is 10^{Reports.Report.Number(logs[^1][^1])} of that at 1, at least 10^-3", logs[^1][^1] >= -3)],
            Conditions = [new($"the RNN with gain 3 explodes: 10^{Reports.Report.Number(logs[1][^1])} at distance {time - 2}, at least 10^1", logs[1][^1] >= 1)],
            Figures =
            [
                .. arms.SelectMany((arm, i) => new Figure[]
                {
                    new($"log10 of the gradient at distance {time - 2}, {arm.Name}", logs[i][^1]), new($"the same when trained, {arm.Name}", found[i].Trained[^1]),
                    new($"accuracy when trained, {arm.Name}", found[i].Accuracy),
                }),
            ],
            Charts =
            [
                Picture("What is left of a gradient, by distance: fresh networks", each => each.Fresh) with { Line = (-4, "threshold for the usual RNN") },
                Picture($"The same after training to tell the token {Lag} places before", each => each.Trained),
            ],
        };
    }

    private sealed record Found(double[] Fresh, double[] Trained, double Accuracy);

    private static Found Measure(Func<ITokenModel> make, int time, Bench bench, Team team, Action<double> progress)
    {
        using var model = make();
        var fresh = LogGradients(model, time, bench, team);
        var random = bench.Random(1);
        var options = new TrainingOptions(Steps: bench.Size(1000, 12), LearningRate: 3e-3, WarmupSteps: 10, WeightDecay: 0);
        LabTraining.Train(model, options, Batch, () => Texts(time, random), progress, team: team);
        var (tokens, targets) = Texts(time, bench.Random(2));
        return new Found(fresh, LogGradients(model, time, bench, team), model.Accuracy(tokens, targets, Batch));
    }

    /// <summary>Texts in which every token stands once; the target is the token some places before.</summary>
    private static (int[] Tokens, int[] Targets) Texts(int time, Random random)
    {
        var (tokens, targets) = (new int[Batch * time], new int[Batch * time]);
        for (var row = 0; row < Batch; row++)
        {
            var text = tokens.AsSpan(row * time, time);
            for (var i = 0; i < time; i++)
            {
                text[i] = i;
            }
            random.Shuffle(text);
            for (var i = 0; i < time; i++)
            {
                targets[(row * time) + i] = i < Lag ? -1 : text[i - Lag];
            }
        }
        return (tokens, targets);
    }

    /// <summary>An RNN whose recurrent matrix turns the state and changes no length: the Q of a random matrix.</summary>
    private static LanguageTokenModel MakeOrthogonal(Bench bench, int time)
    {
        var model = MakeRecurrent(bench, time, RecurrentCell.Rnn, 0, 1);
        var weight = model.Parameters["layers.0.recurrent.weight"]; // (width, width)
        var q = Matrix<double>.Build.Dense(Width, Width, Array.ConvertAll(weight.Values.ToArray(), value => (double)value)).QR().Q;
        weight.Assign(Array.ConvertAll(q.ToColumnMajorArray(), value => (float)value));
        return model;
    }

    private static LanguageTokenModel MakeRecurrent(Bench bench, int time, RecurrentCell cell, float forgetBias, double gain)
    {
        var model = new Recurrent(
            new RecurrentConfig
            {
                Cell = cell, VocabularySize = time, ContextLength = time, LayerCount = 1, Width = Width, ForgetBias = forgetBias, TiedEmbedding = false,
            }, bench.Seed);
        var weight = model.Parameters["layers.0.recurrent.weight"];
        weight.Assign([.. weight.Values.ToArray().Select(value => (float)(value * gain))]);
        return new LanguageTokenModel(model);
    }

    /// <summary>log10 of the gradient's norm at distances 1, 2, ..., relative to the first; the mean over texts.</summary>
    private static double[] LogGradients(ITokenModel model, int time, Bench bench, Team team)
    {
        const int Texts = 8;
        using var training = new TrainingStep(model.Parameters, new TrainingOptions(), team: team);
        var random = bench.Random();
        var embedding = model.Parameters["token_embedding.weight"]; // (vocabulary, width)
        var logs = new double[time - 2];
        for (var text = 0; text < Texts; text++)
        {
            var tokens = Enumerable.Range(0, time).ToArray();
            random.Shuffle(tokens);
            var targets = Enumerable.Repeat(-1, time).ToArray();
            targets[^1] = random.Next(time);
            training.ComputeGradients(step: 0, context => model.Loss(tokens, targets, 1, context));
            var gradient = embedding.GradientValues.ToArray();
            double LogNorm(int distance)
            {
                var row = gradient.AsSpan(tokens[time - 1 - distance] * Width, Width);
                var sum = 0.0;
                foreach (var value in row)
                {
                    sum += (double)value * value;
                }
                return 0.5 * Math.Log10(Math.Max(sum, 1e-90)); // below what float32 holds
            }
            for (var i = 0; i < logs.Length; i++)
            {
                logs[i] += (LogNorm(i + 1) - LogNorm(1)) / Texts;
            }
            model.Parameters.ZeroGradients();
        }
        return logs;
    }
}
