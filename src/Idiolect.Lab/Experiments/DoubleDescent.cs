using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Lab.Tasks;
using Idiolect.Training;
using MathNet.Numerics.Statistics;

namespace Idiolect.Lab.Experiments;

/// <summary>Beyond the size that fits everything, larger models generalise better, although they memorise all of it.</summary>
internal sealed class DoubleDescent : Experiment
{
    private const int Examples = 200;
    private const int Symbols = 12;
    private const int Time = 16;

    public override Protocol Protocol { get; } = new()
    {
        Name = "double-descent",
        Claim = "Past the size at which a model fits all of its training data, test error falls again.",
        Essay = "Scale",
        Paper = "Belkin et al. 2019; Nakkiran et al. 2020; Carlini et al. 2023",
        Setup = $"Random ReLU features, {Examples} noisy examples of a linear teacher of 20 inputs (noise 0.5), 10 to 4,000 features, least squares of least norm, 500 test examples, median of 11 draws. Beside it, "
            + "transformers (2 layers) of width 8 to 64 learn 128 texts of a Markov source with 32 canaries (random texts) among them. Control: a ridge of 0.1 removes the peak (at most a third of it).",
        Measure = "test error at the most features, over the test error at as many features as examples",
        Threshold = 0.2,
        Minutes = 0.75,
        Changes =
        [
            "A review found that the error at the peak has a heavy tail, so that the mean of 5 draws (5,421) says little, and that the second descent ends above the first minimum (0.35 against 0.29), "
            + "which the essay did not say. Now medians of 11 draws, and the first minimum as a line. Claim, measure and threshold are the same; the old verdict was shown.",
        ],
        Side = Side.AtMost,
        Correction = "As usually told, larger models memorise less. They memorise more (Carlini et al. 2023; the share of canaries by width stands in the second picture); what falls is the test error. And it falls from the peak: "
            + "here it does not come back to its first minimum, which a model with fewer features than examples had.",
    };

    internal override Observation Run(Bench bench)
    {
        int[] sizes = bench.Size<int[]>([10, 25, 50, 100, 150, 180, 200, 220, 260, 400, 800, 2000, 4000], [20, 100, 200, 400, 1000]);
        var draws = bench.Size(11, 1);
        var drawn = new (double Train, double Test, double Ridged)[draws, sizes.Length];
        for (var draw = 0; draw < draws; draw++)
        {
            var problem = new RandomFeatures(Examples, 20, 500, 0.5, bench.Random(draw));
            for (var i = 0; i < sizes.Length; i++)
            {
                bench.Advance(0.5 * (draw + ((double)i / sizes.Length)) / draws);
                var (fit, error) = problem.Solve(sizes[i], 0);
                drawn[draw, i] = (fit, error, problem.Solve(sizes[i], 0.1).Test);
            }
        }
        double[] Medians(Func<(double Train, double Test, double Ridged), double> of)
            => [.. Enumerable.Range(0, sizes.Length).Select(i => Statistics.Median(Enumerable.Range(0, draws).Select(draw => of(drawn[draw, i]))))];
        var (train, test, ridged) = (Medians(each => each.Train), Medians(each => each.Test), Medians(each => each.Ridged));
        int[] widths = bench.Size<int[]>([8, 16, 32, 64], [8, 32]);
        var memorised = widths.Select((width, i) => Memorise(bench, width, fraction => bench.Advance(0.5 + (0.5 * (i + fraction) / widths.Length)))).ToArray();
        var peak = Array.IndexOf(sizes, Examples);
        var below = test.Where((_, i) => sizes[i] < Examples).Min();
        var x = sizes.Select(size => (double)size).ToArray();
        return new Observation
        {
            Value = test[^1] / test[peak],
            Controls = [new($"with a ridge the error at {Examples} features is {Reports.Report.Number(ridged[peak])}, without {Reports.Report.Number(test[peak])}", ridged[peak] <= test[peak] / 3)],
            Conditions =
            [
                new($"at the most features all is memorised: training error {Reports.Report.Number(train[^1])}", train[^1] < 1e-6),
            ],
            Figures =
            [
                new("test error, best with fewer features than examples", below), new("test error at the peak", test[peak]), new("test error at the most features", test[^1]),
                .. widths.Select((width, i) => new Figure($"canaries known by heart, width {width}", memorised[i])),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "Test error falls, peaks where all examples are just fitted, and falls again", XLabel = "features", YLabel = "squared error, median of the draws", LogX = true, LogY = true,
                    Line = (below, "best with fewer features than examples"),
                    Series = [new("test", x, test), new("training", x, [.. train.Select(error => Math.Max(error, 1e-12) < 1e-6 ? double.NaN : error)]), new("test, ridge 0.1", x, ridged)],
                },
                new Chart
                {
                    Title = "Larger models know more canaries by heart", XLabel = "width of the transformer", YLabel = "share of random symbols predicted", LogX = true, XTicks = [.. widths.Select(width => (double)width)],
                    Series = [new("canaries", [.. widths.Select(width => (double)width)], memorised)],
                    Line = (1.0 / Symbols, "chance"),
                },
            ],
        };
    }

    /// <summary>The share of symbols of the canaries, after the first four, that the model predicts.</summary>
    private static double Memorise(Bench bench, int width, Action<double> progress)
    {
        const int Batch = 32;
        var random = bench.Random(50);
        var data = new Canaries(new MarkovSource(Symbols, order: 1, random), texts: 128, canaries: 32, Time, random);
        using var model = new LabTransformer(new LabShape { Vocabulary = Symbols, Context = Time, Heads = 2, Width = width, Hidden = 4 * width }, bench.Seed);
        var options = new TrainingOptions(Steps: bench.Size(400, 30), LearningRate: 3e-3, WarmupSteps: 20, WeightDecay: 0);
        LabTraining.Train(model, options, Batch, () => data.Batch(Batch), progress);
        var (tokens, targets) = data.Windows(data.Hidden);
        return model.Accuracy(tokens, [.. targets.Select((target, i) => i % Time < 3 ? -1 : target)], data.Hidden.Length);
    }
}
