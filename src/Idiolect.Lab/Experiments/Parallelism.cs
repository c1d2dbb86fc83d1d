using System.Diagnostics;
using Idiolect.Kernels;
using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Models;
using Idiolect.Training;
using MathNet.Numerics.Statistics;

namespace Idiolect.Lab.Experiments;

/// <summary>Speed of training when every position is computed at once, and when one waits for the other.</summary>
internal sealed class Parallelism : Experiment
{
    private const int Vocabulary = 64;
    private const int Width = 256;

    public override Protocol Protocol { get; } = new()
    {
        Name = "parallel",
        Claim = "A transformer trains on all positions of a text at once; a recurrent network goes through them one after the other.",
        Essay = "Why it is fast",
        Paper = "Vaswani et al. 2017, table 1",
        Setup = $"Forward and backward pass of a GPT of 2 layers and an LSTM of 3 layers (width {Width}, 24 width^2 parameters each) on texts of 16 to 256 tokens, one text and 32 at once. Both are "
            + "timed in turn, five times for half a second each where the verdict is measured (one text of the greatest length), three times for a fifth of a second elsewhere; a pair gives a ratio, and the median of "
            + "the pairs counts.",
        Measure = "tokens a second of the GPT over those of the LSTM, one text of the greatest length",
        Threshold = 1.5,
        Minutes = 1.25,
        Changes =
        [
            "A review found timings of a tenth of a second and a verdict by a hair (1.517 for 1.5 with one seed). Now half a second each, in turn, where the verdict is measured, and the median of five ratios. Claim, measure and threshold are "
            + "the same; the old verdict was shown (1.57).",
        ],
        Correction = "Recurrent networks train on batch times length too; only their state is sequential. With 32 texts at once the LSTM's products are large enough for two cores, and the advantage shrinks or turns.",
    };

    internal override Observation Run(Bench bench)
    {
        int[] lengths = bench.Size<int[]>([16, 32, 64, 128, 256], [16, 32]);
        int[] batches = [1, 32];
        var x = lengths.Select(length => (double)length).ToArray();
        using var gpt = new LanguageTokenModel(new Gpt(GptConfig.Gpt2(Vocabulary, lengths[^1], 2, 4, Width), bench.Seed));
        using var lstm = new LanguageTokenModel(new Recurrent(
            new RecurrentConfig { Cell = RecurrentCell.Lstm, VocabularySize = Vocabulary, ContextLength = lengths[^1], LayerCount = 3, Width = Width }, bench.Seed));
        string[] arms = [.. batches.SelectMany(batch => new[] { $"GPT, {batch} text{(batch == 1 ? "" : "s")}", $"LSTM, {batch} text{(batch == 1 ? "" : "s")}" })];
        var speeds = arms.Select(_ => new double[lengths.Length]).ToArray();
        var ratios = batches.Select(_ => new double[lengths.Length]).ToArray(); // GPT over LSTM
        for (var i = 0; i < lengths.Length; i++)
        {
            for (var b = 0; b < batches.Length; b++)
            {
                bench.Advance((i + ((double)b / batches.Length)) / lengths.Length);
                var decides = b == 0 && i == lengths.Length - 1;
                var seconds = bench.Size(decides ? 0.5 : 0.2, 0.02);
                var pairs = Enumerable.Range(0, bench.Size(decides ? 5 : 3, 1)).Select(_ => (
                    Gpt: TokensPerSecond(gpt, batches[b], lengths[i], seconds), Lstm: TokensPerSecond(lstm, batches[b], lengths[i], seconds))).ToArray();
                speeds[2 * b][i] = Statistics.Median(pairs.Select(pair => pair.Gpt));
                speeds[(2 * b) + 1][i] = Statistics.Median(pairs.Select(pair => pair.Lstm));
                ratios[b][i] = Statistics.Median(pairs.Select(pair => pair.Gpt / pair.Lstm));
            }
        }
        return new Observation
        {
            Value = ratios[0][^1],
            Figures =
            [
                .. arms.Select((arm, i) => new Figure($"tokens a second, {arm} of {lengths[^1]}", speeds[i][^1])),
                new($"GPT over LSTM, 32 texts of {lengths[^1]}", ratios[1][^1]),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "Speed of training by length", XLabel = "tokens in a text", YLabel = "tokens a second", LogX = true, LogY = true, XTicks = x,
                    Series = [.. arms.Select((arm, i) => new ChartSeries(arm, x, speeds[i]))],
                },
            ],
        };
    }

    private static double TokensPerSecond(LanguageTokenModel model, int batch, int length, double seconds)
    {
        using var training = new TrainingStep(model.Parameters, new TrainingOptions(), team: Team.Shared);
        var tokens = Enumerable.Range(0, batch * length).Select(i => (i * 7) % Vocabulary).ToArray();
        var targets = tokens.Select(token => (token + 1) % Vocabulary).ToArray();
        void Pass() => training.ComputeGradients(step: 0, context => model.Loss(tokens, targets, batch, context));
        Pass(); // compiles, and makes the buffers
        var (start, passes) = (Stopwatch.GetTimestamp(), 0);
        for (; Stopwatch.GetElapsedTime(start).TotalSeconds < seconds; passes++)
        {
            Pass();
        }
        var elapsed = Stopwatch.GetElapsedTime(start).TotalSeconds;
        model.Parameters.ZeroGradients();
        return passes * tokens.Length / elapsed;
    }
}
