using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Lab.Tasks;
using Idiolect.Training;

namespace Idiolect.Lab.Experiments;

/// <summary>What holds back a model that has too little to learn from.</summary>
internal sealed class Regularisation : Experiment
{
    private const int Symbols = 12;
    private const int Time = 32;
    private const int Batch = 16;
    private const int Texts = 64;

    public override Protocol Protocol { get; } = new()
    {
        Name = "regularisation",
        Claim = "L1, L2 and dropout of 20% each reduce over-fitting.",
        Essay = "Against learning by heart",
        Paper = "Srivastava et al. 2014; Tibshirani 1996; Loshchilov and Hutter 2019",
        Setup = $"{Texts} texts of {Time} symbols of a second-order Markov source, learnt again and again by a transformer (2 layers, width 64); validation on 256 fresh ones; what counts is "
            + "each arm's best validation loss. Three trials an arm: learning rates 1e-3, 3e-3, 1e-2 for no regulariser, dropout, normalisation left out; three strengths for L1, L2, decay and all "
            + "together, at 3e-3. Control: without any, the model over-fits (the training loss ends 0.5 nats below the validation loss).",
        Measure = "the smallest gain in best validation loss, in nats, of L1, L2 and dropout 20% over none",
        Threshold = 0.02,
        Correction = "Dropout acts on each example and position anew, not on units for good. GPT-1 and GPT-3 do use weight decay. Normalisation is no regulariser first of all and is judged apart.",
    };

    internal override Observation Run(Bench bench)
    {
        var tuned = new TrainingOptions(WeightDecay: 0, LearningRate: 3e-3);
        var plain = new Arm(tuned);
        var arms = new (string Name, Arm[] Trials)[]
        {
            ("none", Rates(plain)),
            ("L1", Strengths([1e-5, 1e-4, 1e-3], strength => plain with { Options = tuned with { L1 = strength } })),
            ("L2", Strengths([1e-4, 1e-3, 1e-2], strength => plain with { Options = tuned with { L2 = strength } })),
            ("dropout 20%", Rates(plain with { Dropout = 0.2f })),
            ("weight decay", Strengths([0.1, 1, 10], strength => plain with { Options = tuned with { WeightDecay = strength } })),
            ("dropout, L2, decay", Strengths(
                [1e-5, 1e-4, 1e-3], strength => plain with { Dropout = 0.2f, Options = tuned with { WeightDecay = 0.1, L2 = strength } })),
            ("no normalisation", Rates(plain with { Norm = NormPlace.None })),
        };
        var results = arms.Select((arm, i) => Best(bench, arm.Trials, bench.Part(i, arms.Length))).ToArray();
        var none = results[0];
        double Gain(int arm) => none.BestValidation - results[arm].BestValidation;
        return new Observation
        {
            Value = Math.Min(Gain(1), Math.Min(Gain(2), Gain(3))),
            Controls = [new($"without a regulariser the gap at the end is {Reports.Report.Number(none.Gap)} nats, at least 0.5", none.Gap >= 0.5)],
            Figures =
            [
                .. arms.SelectMany((arm, i) => new Figure[] { new($"best validation loss, {arm.Name}", results[i].BestValidation), new($"gap at the end, {arm.Name}", results[i].Gap) }),
                .. arms.Take(3).Select((arm, i) => new Figure($"share of weights below 0.001, {arm.Name}", results[i].Small)),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "Validation loss while a small data set is learnt by heart", XLabel = "training step", YLabel = "validation loss (nats a symbol)",
                    Series = [.. arms.Select((arm, i) => new ChartSeries(arm.Name, none.Steps, results[i].Validation))],
                    Line = (MarkovSource.Entropy, "entropy of the source"),
                },
                new Chart
                {
                    Title = "L1 makes weights vanish, L2 makes them small", XLabel = "share of weights", YLabel = "size of weight, at most", LogY = true,
                    Series = [.. arms.Take(3).Select((arm, i) => new ChartSeries(arm.Name, [.. Enumerable.Range(1, 19).Select(q => q / 20.0)], results[i].Quantiles))],
                },
            ],
        };
    }

    private sealed record Arm(TrainingOptions Options, float Dropout = 0, NormPlace Norm = NormPlace.Pre);

    private sealed record Trial(double[] Steps, double[] Validation, double BestValidation, double Gap, double Small, double[] Quantiles);

    private static Arm[] Rates(Arm arm) => Strengths([3e-3, 1e-3, 1e-2], rate => arm with { Options = arm.Options with { LearningRate = rate } });

    private static Arm[] Strengths(double[] values, Func<double, Arm> arm) => [.. values.Select(arm)];

    private static Trial Best(Bench bench, Arm[] trials, Action<double> progress)
    {
        var count = bench.Size(trials.Length, 1);
        return trials.Take(count).Select((arm, i) => Train(bench, arm, fraction => progress((i + fraction) / count))).MinBy(trial => trial.BestValidation)!;
    }

    private static Trial Train(Bench bench, Arm arm, Action<double> progress)
    {
        var source = new MarkovSource(Symbols, order: 2, bench.Random());
        var random = bench.Random(1);
        var (tokens, targets) = source.Batch(Texts, Time, random);
        var (freshTokens, freshTargets) = source.Batch(bench.Size(256, 64), Time, random);
        using var model = new LabTransformer(
            new LabShape { Vocabulary = Symbols, Context = Time, Hidden = 256, Dropout = arm.Dropout, Norm = arm.Norm }, bench.Seed);
        (int[], int[]) Next()
        {
            var rows = Enumerable.Range(0, Batch).Select(_ => random.Next(Texts)).ToArray();
            int[] Rows(int[] all) => [.. rows.SelectMany(row => all[(row * Time)..((row + 1) * Time)])];
            return (Rows(tokens), Rows(targets));
        }
        var options = arm.Options with { Steps = bench.Size(250, 30), WarmupSteps = 10, Seed = bench.Seed };
        var curve = LabTraining.Train(
            model, options, Batch, Next, progress, looks: 20, () => model.MeanLoss(freshTokens, freshTargets, freshTokens.Length / Time));
        var sizes = model.Parameters.All.Where(parameter => parameter.Decays).SelectMany(parameter => parameter.Values.ToArray()).Select(value => Math.Abs(value)).Order().ToArray();
        if (curve.Diverged)
        {
            return new Trial(curve.Steps, curve.Scores, double.PositiveInfinity, double.NaN, 0, new double[19]);
        }
        return new Trial(
            curve.Steps, curve.Scores, curve.Scores.Min(), curve.Scores[^1] - model.MeanLoss(tokens, targets, Texts), sizes.Count(size => size < 1e-3f) / (double)sizes.Length,
            [.. Enumerable.Range(1, 19).Select(q => (double)sizes[q * sizes.Length / 20])]);
    }
}
