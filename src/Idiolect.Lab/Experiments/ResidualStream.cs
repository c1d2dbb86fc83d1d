using Idiolect.Kernels;
using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Lab.Tasks;
using Idiolect.Training;

namespace Idiolect.Lab.Experiments;

/// <summary>Depth with and without the stream that every layer adds to.</summary>
internal sealed class ResidualStream : Experiment
{
    private const int Symbols = 12;
    private const int Time = 32;
    private const int Batch = 16;
    private const int Tests = 128;
    private const int Width = 32;

    public override Protocol Protocol { get; } = new()
    {
        Name = "residual",
        Claim = "Stacking many layers, started as usual, needs the residual stream.",
        Essay = "The residual stream",
        Paper = "He et al. 2016; Vaswani et al. 2017, section 3.1; Elhage et al. 2021",
        Setup = $"Transformers (width {Width}, pre-norm) of 2 to 16 layers on a Markov source, with the stream and with each layer's output in its place, each at "
            + "a search of its own over learning rates and the deviation at the start (once and 1.7 times 1 / sqrt(3 width)), 400 steps, chosen by the loss on texts that the verdict does not see. How much a layer writes is the norm of its output over that of the stream after it. Control: with the stream the deepest comes within "
            + "0.3 nats of the entropy, and without it the shallowest learns something (0.1 nats below the first look); of the two deepest, settings within the grid and trained out.",
        Measure = "loss without the stream minus loss with it, in nats, at the greatest depth",
        Threshold = 0.2,
        Minutes = 5,
        Changes =
        [
            "A review asked whether it is the stream that depth needs or a start made for its absence (He et al. 2023 train deep transformers without skips), and noted that the task itself needs no depth. The claim now "
            + "speaks of the usual start, each arm searches the deviation at the start as well as the rate, and losses are those on fresh texts. That depth helps is not claimed: the source needs two layers at most. "
            + "Measure and threshold are the same; the old verdict was shown (1.06).",
        ],
        Correction = "The stream makes depth trainable with the usual start; it is not the only thing that does. Without skips tokens grow alike with depth (Dong et al. 2021), and a start that counters it "
            + "lets such networks train, too (He et al. 2023).",
    };

    internal override Observation Run(Bench bench)
    {
        int[] depths = bench.Size<int[]>([16, 8, 4, 2], [4, 2]);
        var arms = depths.SelectMany(depth => new[] { (Depth: depth, Residual: true), (Depth: depth, Residual: false) }).ToArray();
        var chosen = bench.Search(
            [.. arms.Select(arm => $"{arm.Depth} layers, {(arm.Residual ? "with" : "without")} the stream")],
            [new Dial("learning rate", [1e-3, 3e-3, 1e-2]), new Dial("deviation at the start", [1, 1.7], Extends: false)],
            (arm, setting, team, progress) => Train(bench, arms[arm].Depth, arms[arm].Residual, setting[0], setting[1], team, progress), tie: 0.02);
        depths = [.. depths.Reverse()];
        Found[] Of(bool residual) => [.. arms.Zip(chosen).Where(each => each.First.Residual == residual).Select(each => each.Second.Result).Reverse()];
        var (with, without) = (Of(true), Of(false));
        var x = depths.Select(depth => (double)depth).ToArray();
        var shares = with[^1].Shares;
        return new Observation
        {
            Value = without[^1].Final - with[^1].Final,
            Controls =
            [
                new($"with the stream, {depths[^1]} layers: loss {Reports.Report.Number(with[^1].Final)}, entropy {Reports.Report.Number(MarkovSource.Entropy)}",
                    with[^1].Final < MarkovSource.Entropy + 0.3),
                new($"without the stream, {depths[0]} layers: loss {Reports.Report.Number(without[0].Final)} from {Reports.Report.Number(without[0].First)}",
                    without[0].Final < without[0].First - 0.1),
                .. chosen.Take(2).SelectMany(each => each.Controls),
            ],
            Figures =
            [
                .. depths.SelectMany((depth, i) => new Figure[] { new($"loss, {depth} layers, with", with[i].Final), new($"loss, {depth} layers, without", without[i].Final) }),
                new("entropy of the source", MarkovSource.Entropy),
                .. chosen.Take(2).SelectMany(each => new Figure[] { new($"learning rate, {each.Arm}", each.Setting[0]), new($"deviation at the start, {each.Arm}", each.Setting[1]) }),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "Without the stream depth does harm", XLabel = "layers", YLabel = "loss on fresh texts (nats a symbol)", LogX = true, XTicks = x,
                    Series = [new("with the residual stream", x, [.. with.Select(trial => trial.Final)]), new("without", x, [.. without.Select(trial => trial.Final)])],
                    Line = (MarkovSource.Entropy, "entropy of the source"),
                },
                new Chart
                {
                    Title = $"What each part writes into the stream, {depths[^1]} layers", XLabel = "layer", YLabel = "norm written / norm of the stream",
                    Series =
                    [
                        new("attention", [.. Enumerable.Range(1, depths[^1]).Select(layer => (double)layer)], [.. shares.Where((_, i) => i % 2 == 0)]),
                        new("feed-forward", [.. Enumerable.Range(1, depths[^1]).Select(layer => (double)layer)], [.. shares.Where((_, i) => i % 2 == 1)]),
                    ],
                },
            ],
        };
    }

    private sealed record Found(double First, double Final, double[] Shares);

    private static Trial<Found> Train(Bench bench, int depth, bool residual, double rate, double start, Team team, Action<double> progress)
    {
        var source = new MarkovSource(Symbols, order: 1, bench.Random());
        var random = bench.Random(1);
        using var model = new LabTransformer(
            new LabShape
            {
                Vocabulary = Symbols, Context = Time, Layers = depth, Heads = 2, Width = Width, Hidden = 4 * Width, Residual = residual, Deviation = start / Math.Sqrt(3.0 * Width),
            }, bench.Seed);
        var options = new TrainingOptions(Steps: bench.Size(400, 30), LearningRate: rate, WarmupSteps: 20, WeightDecay: 0);
        var curve = LabTraining.Train(model, options, Batch, () => source.Batch(Batch, Time, random), progress, looks: 20, team: team);
        if (curve.Diverged)
        {
            return new Trial<Found>(new Found(double.NaN, double.PositiveInfinity, new double[2 * depth]), double.NaN, IsTrainedOut: false);
        }
        double Loss(int purpose)
        {
            var (tokens, targets) = source.Batch(Tests, Time, bench.Random(purpose));
            return model.MeanLoss(tokens, targets, Tests);
        }
        var shares = new List<double>();
        model.Listener = new Listener(Written: (_, written, stream) => shares.Add(Norm(written.ToArray()) / Norm(stream.ToArray())));
        model.Logits(source.Batch(4, Time, random).Tokens, 4);
        model.Listener = null;
        return new Trial<Found>(new Found(curve.Losses[0], Loss(2), [.. shares]), -Loss(3), curve.IsTrainedOut);
    }

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(value => (double)value * value));
}
