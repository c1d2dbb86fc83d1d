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
    private const int Width = 32;

    public override Protocol Protocol { get; } = new()
    {
        Name = "residual",
        Claim = "Stacking many layers needs the residual stream.",
        Essay = "The residual stream",
        Paper = "He et al. 2016; Vaswani et al. 2017, section 3.1; Elhage et al. 2021",
        Setup = $"Transformers (width {Width}, pre-norm) of 2 to 16 layers on a Markov source, with the stream and with each layer's output in its place, each at "
            + "three learning rates, as many steps. How much a layer writes is the norm of its output over that of the stream after it. Control: with the stream the deepest comes within "
            + "0.3 nats of the entropy, and without it the shallowest learns something (0.1 nats below the first look).",
        Measure = "loss without the stream minus loss with it, in nats, at the greatest depth",
        Threshold = 0.2,
    };

    internal override Observation Run(Bench bench)
    {
        int[] depths = bench.Size<int[]>([2, 4, 8, 16], [2, 4]);
        double[] rates = bench.Size<double[]>([1e-3, 3e-3, 1e-2], [3e-3]);
        var with = new Trial[depths.Length];
        var without = new Trial[depths.Length];
        for (var i = 0; i < depths.Length; i++)
        {
            var depth = depths[i];
            with[i] = LabTraining.Tune(rates, bench.Part(2 * i, 2 * depths.Length), (rate, progress) => Train(bench, depth, true, rate, progress), trial => -trial.Final);
            without[i] = LabTraining.Tune(rates, bench.Part((2 * i) + 1, 2 * depths.Length), (rate, progress) => Train(bench, depth, false, rate, progress), trial => -trial.Final);
        }
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
            ],
            Figures =
            [
                .. depths.SelectMany((depth, i) => new Figure[] { new($"loss, {depth} layers, with", with[i].Final), new($"loss, {depth} layers, without", without[i].Final) }),
                new("entropy of the source", MarkovSource.Entropy),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "Without the stream depth does harm", XLabel = "layers", YLabel = "training loss at the end (nats a symbol)", LogX = true,
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

    private sealed record Trial(double First, double Final, double[] Shares);

    private static Trial Train(Bench bench, int depth, bool residual, double rate, Action<double> progress)
    {
        var source = new MarkovSource(Symbols, order: 1, bench.Random());
        var random = bench.Random(1);
        using var model = new LabTransformer(
            new LabShape { Vocabulary = Symbols, Context = Time, Layers = depth, Heads = 2, Width = Width, Hidden = 4 * Width, Residual = residual }, bench.Seed);
        var options = new TrainingOptions(Steps: bench.Size(200, 30), LearningRate: rate, WarmupSteps: 20, WeightDecay: 0);
        var curve = LabTraining.Train(model, options, Batch, () => source.Batch(Batch, Time, random), progress, looks: 15);
        if (curve.Diverged)
        {
            return new Trial(double.NaN, double.PositiveInfinity, new double[2 * depth]);
        }
        var shares = new List<double>();
        model.Listener = new Listener(Written: (_, written, stream) => shares.Add(Norm(written.ToArray()) / Norm(stream.ToArray())));
        model.Logits(source.Batch(4, Time, random).Tokens, 4);
        return new Trial(curve.Losses[0], curve.FinalLoss, [.. shares]);
    }

    private static double Norm(float[] values) => Math.Sqrt(values.Sum(value => (double)value * value));
}
