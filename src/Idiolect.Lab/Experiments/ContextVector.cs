using Idiolect.Kernels;
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
    private const int Tests = 128;
    private const int Steps = 3600;

    public override Protocol Protocol { get; } = new()
    {
        Name = "context-vector",
        Claim = "One vector of fixed size cannot hold a long sequence; attention to all of it can.",
        Essay = "Before the transformer",
        Paper = "Sutskever et al. 2014; Bahdanau et al. 2015",
        Setup = "Copy a sequence of 4 to 24 different symbols after a separator; one length a batch, tested inside these lengths. An LSTM (width 48) that writes on from its last state, an LSTM "
            + "(width 40) whose states also attend to all states before, a transformer (2 layers, width 28): about 19,000 parameters beside the embeddings each; beside them the first at half and at twice "
            + $"the width, at the first one's rate. {Steps:N0} steps of Muon, learning rates searched for each of the three arms, chosen by the loss on texts that the accuracies do not see. Controls: the plain LSTM copies 4 symbols (0.9); "
            + "settings within the grid, and trained out, of the two arms that decide.",
        Measure = "accuracy at length 20 of the LSTM with attention minus that of the plain LSTM",
        Threshold = 0.3,
        Minutes = 8,
        Changes =
        [
            "A review found the plain LSTM undertrained: after 900 steps it copied 0.49 of 20 symbols, after 5,400 steps at another rate 0.84. Now half the widths, at which a training ends on a plateau, "
            + "Muon, and a search for each arm; two more widths show how the length at which one vector fails grows. Claim and threshold are the same; the old verdict was shown (0.51).",
        ],
        Correction = "Attention is older than the transformer: Bahdanau et al. published it in 2014, for recurrent networks. How long a sequence one vector holds depends on its width (here at one "
            + "rate, not searched) and on the training: it is no wall, but a price.",
    };

    internal override Observation Run(Bench bench)
    {
        int[] lengths = [4, 8, 12, 16, 20, 24];
        var arms = new (string Name, Func<ITokenModel> Make)[]
        {
            ("LSTM, one vector", () => new LabRecurrent(Symbols + 1, 48, 4, attention: false, bench.Seed)),
            ("LSTM with attention", () => new LabRecurrent(Symbols + 1, 40, 4, attention: true, bench.Seed)),
            ("transformer", () => new LabTransformer(new LabShape { Vocabulary = Symbols + 1, Context = 50, Width = 28, Hidden = 112, EmbeddingDeviation = 0.3 }, bench.Seed)),
            ("LSTM, one vector of half the width", () => new LabRecurrent(Symbols + 1, 24, 4, attention: false, bench.Seed)),
            ("LSTM, one vector of twice the width", () => new LabRecurrent(Symbols + 1, 96, 4, attention: false, bench.Seed)),
        };
        Trial<double[]> Run(int arm, double[] setting, Team team, Action<double> progress) => Train(bench, arms[arm].Make, lengths, setting[0], team, progress);
        IReadOnlyList<Chosen<double[]>> searched = bench.Search([.. arms.Take(3).Select(arm => arm.Name)], [new Dial("learning rate", [3e-3, 1e-2, 3e-2])], Run, part: 0, parts: 2);
        var others = bench.InParallel([3, 4], (arm, team, progress) => Run(arm, searched[0].Setting, team, progress), bench.Part(1, 2));
        Chosen<double[]>[] chosen = [.. searched, .. others.Select((trial, i) => new Chosen<double[]>(arms[i + 3].Name, trial.Result, searched[0].Setting, []))];
        var at20 = Array.IndexOf(lengths, 20);
        double[] x = [.. lengths.Select(length => (double)length)];
        return new Observation
        {
            Value = chosen[1].Result[at20] - chosen[0].Result[at20],
            Controls =
            [
                new($"the plain LSTM copies 4 symbols: {Reports.Report.Number(chosen[0].Result[0])}, at least 0.9", chosen[0].Result[0] >= 0.9),
                .. chosen.Take(2).SelectMany(each => each.Controls),
            ],
            Figures =
            [
                .. chosen.SelectMany(each => lengths.Select((length, l) => new Figure($"accuracy at length {length}, {each.Arm}", each.Result[l]))),
                .. chosen.Select(each => new Figure($"learning rate, {each.Arm}", each.Setting[0])),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "Copying: one vector runs full, attention does not", XLabel = "length of the sequence", YLabel = "share of symbols copied", XTicks = x,
                    Series = [.. chosen.Select(each => new ChartSeries(each.Arm, x, each.Result))],
                    Line = (1.0 / Symbols, "chance"),
                },
            ],
        };
    }

    private static Trial<double[]> Train(Bench bench, Func<ITokenModel> make, int[] lengths, double rate, Team team, Action<double> progress)
    {
        using var model = make();
        var random = bench.Random(1);
        var options = new TrainingOptions(Steps: bench.Size(Steps, 20), LearningRate: rate, WarmupSteps: 20, WeightDecay: 0, Optimizer: OptimizerKind.Muon);
        var curve = LabTraining.Train(model, options, Batch, () => Copies(random.Next(4, 25), Batch, random), progress, looks: 40, team: team);
        if (curve.Diverged)
        {
            return new Trial<double[]>(new double[lengths.Length], double.NaN, IsTrainedOut: false);
        }
        T[] Each<T>(int purpose, Func<int[], int[], T> ask)
        {
            var texts = bench.Random(purpose);
            return [.. lengths.Select(length =>
            {
                var (tokens, targets) = Copies(length, Tests, texts);
                return ask(tokens, targets);
            })];
        }
        return new Trial<double[]>(
            Each(2, (tokens, targets) => model.Accuracy(tokens, targets, Tests)), -Each(3, (tokens, targets) => model.MeanLoss(tokens, targets, Tests)).Average(), curve.IsTrainedOut);
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
