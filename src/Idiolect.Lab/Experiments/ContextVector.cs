using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Training;

namespace Idiolect.Lab.Experiments;

/// <summary>What a state of fixed size keeps of a sentence, against attention to all of it.</summary>
internal sealed class ContextVector : Experiment
{
    private const int Symbols = 40;
    private const int Separator = Symbols;
    private const int Batch = 64;

    public override Protocol Protocol { get; } = new()
    {
        Name = "context-vector",
        Claim = "One vector of fixed size cannot hold a long sequence; attention to all of it can.",
        Essay = "Before the transformer",
        Paper = "Sutskever et al. 2014; Bahdanau et al. 2015",
        Setup = "Copy a sequence of 4 to 24 different symbols after a separator; one length a batch, tested inside these lengths. An LSTM (width 96) that writes on from its last state, an LSTM "
            + "(width 80) whose states also attend to all states before, a transformer (2 layers, width 56): about 75,000 parameters beside the embeddings each, two learning rates each, as many steps. "
            + "Control: the plain LSTM copies 4 symbols (0.9).",
        Measure = "accuracy at length 20 of the LSTM with attention minus that of the plain LSTM",
        Threshold = 0.3,
        Correction = "Attention is older than the transformer: Bahdanau et al. published it in 2014, for recurrent networks. The length at which one vector fails grows with its width.",
    };

    internal override Observation Run(Bench bench)
    {
        int[] lengths = [4, 8, 12, 16, 20, 24];
        double[] rates = bench.Size<double[]>([3e-3, 1e-2], [1e-2]);
        var arms = new (string Name, Func<ITokenModel> Make)[]
        {
            ("LSTM, one vector", () => new LabRecurrent(Symbols + 1, 96, 4, attention: false, bench.Seed)),
            ("LSTM with attention", () => new LabRecurrent(Symbols + 1, 80, 4, attention: true, bench.Seed)),
            ("transformer", () => new LabTransformer(new LabShape { Vocabulary = Symbols + 1, Context = 50, Width = 56, Hidden = 224, EmbeddingDeviation = 0.3 }, bench.Seed)),
        };
        var accuracies = arms.Select((arm, i) => LabTraining.Tune(
            rates, bench.Part(i, arms.Length), (rate, progress) => Train(bench, arm.Make, lengths, rate, progress), accuracy => accuracy.Average())).ToArray();
        var at20 = Array.IndexOf(lengths, 20);
        return new Observation
        {
            Value = accuracies[1][at20] - accuracies[0][at20],
            Controls = [new($"the plain LSTM copies 4 symbols: {Reports.Report.Number(accuracies[0][0])}", accuracies[0][0] >= 0.9)],
            Figures = [.. arms.SelectMany((arm, i) => lengths.Select((length, l) => new Figure($"accuracy at length {length}, {arm.Name}", accuracies[i][l])))],
            Charts =
            [
                new Chart
                {
                    Title = "Copying: one vector runs full, attention does not", XLabel = "length of the sequence", YLabel = "share of symbols copied",
                    Series = [.. arms.Select((arm, i) => new ChartSeries(arm.Name, [.. lengths.Select(length => (double)length)], accuracies[i]))],
                    Line = (1.0 / Symbols, "chance"),
                },
            ],
        };
    }

    private static double[] Train(Bench bench, Func<ITokenModel> make, int[] lengths, double rate, Action<double> progress)
    {
        using var model = make();
        var random = bench.Random(1);
        var options = new TrainingOptions(Steps: bench.Size(900, 20), LearningRate: rate, WarmupSteps: 20, WeightDecay: 0);
        var curve = LabTraining.Train(model, options, Batch, () => Copies(random.Next(4, 25), Batch, random), progress);
        var test = bench.Random(2);
        return [.. lengths.Select(length =>
        {
            var (tokens, targets) = Copies(length, 128, test);
            return curve.Diverged ? 0 : model.Accuracy(tokens, targets, 128);
        })];
    }

    /// <summary>symbols, separator, the same symbols; targets from the separator on.</summary>
    private static (int[] Tokens, int[] Targets) Copies(int length, int batch, Random random)
    {
        var time = 2 * length;
        var (tokens, targets) = (new int[batch * time], new int[batch * time]);
        var all = Enumerable.Range(0, Symbols).ToArray();
        for (var row = 0; row < batch; row++)
        {
            random.Shuffle(all);
            for (var i = 0; i < time; i++)
            {
                tokens[(row * time) + i] = i == length ? Separator : all[i < length ? i : i - length - 1];
                targets[(row * time) + i] = i < length ? -1 : all[i - length];
            }
        }
        return (tokens, targets);
    }
}
