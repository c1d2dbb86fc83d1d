using System.Diagnostics;
using Idiolect.Kernels;
using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Models;
using Idiolect.Training;

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
        Setup = $"Forward and backward pass of a GPT of 2 layers and an LSTM of 3 layers (width {Width}, 24 width^2 parameters each), the fastest of several, on texts of 16 to 256 tokens, one text and 32 at once.",
        Measure = "tokens a second of the GPT over those of the LSTM, one text of the greatest length",
        Threshold = 1.5,
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
        var arms = new (string Name, ITokenModel Model, int Batch)[] { ("GPT, 1 text", gpt, 1), ("LSTM, 1 text", lstm, 1), ("GPT, 32 texts", gpt, 32), ("LSTM, 32 texts", lstm, 32) };
        var speeds = arms.Select(_ => new double[lengths.Length]).ToArray();
        for (var i = 0; i < lengths.Length; i++)
        {
            for (var arm = 0; arm < arms.Length; arm++)
            {
                bench.Advance((i + ((double)arm / arms.Length)) / lengths.Length);
                speeds[arm][i] = TokensPerSecond(arms[arm].Model, arms[arm].Batch, lengths[i], bench.Size(4, 1));
            }
        }
        return new Observation
        {
            Value = speeds[0][^1] / speeds[1][^1],
            Figures =
            [
                .. arms.Select((arm, i) => new Figure($"tokens a second, {arm.Name} of {lengths[^1]}", speeds[i][^1])),
                new("GPT over LSTM, 32 texts", speeds[2][^1] / speeds[3][^1]),
                new($"products that wait for each other in one layer, LSTM, {lengths[^1]} tokens", lengths[^1]), new("the same, GPT", 1),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "Speed of training by length", XLabel = "tokens in a text", YLabel = "tokens a second", LogX = true, LogY = true,
                    Series = [.. arms.Select((arm, i) => new ChartSeries(arm.Name, x, speeds[i]))],
                },
            ],
        };
    }

    private static double TokensPerSecond(ITokenModel model, int batch, int length, int repetitions)
    {
        using var training = new TrainingStep(model.Parameters, new TrainingOptions(), team: Team.Shared);
        var tokens = Enumerable.Range(0, batch * length).Select(i => (i * 7) % Vocabulary).ToArray();
        var targets = tokens.Select(token => (token + 1) % Vocabulary).ToArray();
        var best = double.PositiveInfinity;
        for (var i = 0; i <= repetitions; i++)
        {
            var start = Stopwatch.GetTimestamp();
            training.ComputeGradients(step: 0, context => model.Loss(tokens, targets, batch, context));
            best = i == 0 ? best : Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        model.Parameters.ZeroGradients();
        return tokens.Length / best;
    }
}
