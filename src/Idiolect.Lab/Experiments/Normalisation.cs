using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Lab.Tasks;
using Idiolect.Layers;
using Idiolect.Training;

namespace Idiolect.Lab.Experiments;

/// <summary>How large a learning rate a deep stack stands, with norms and without.</summary>
internal sealed class Normalisation : Experiment
{
    private const int Symbols = 12;
    private const int Time = 32;
    private const int Batch = 16;
    private const int Width = 32;

    public override Protocol Protocol { get; } = new()
    {
        Name = "normalisation",
        Claim = "Normalisation lets deep networks stand larger learning rates.",
        Essay = "Keeping the numbers tame",
        Paper = "Ba et al. 2016; Xiong et al. 2020; Zhang and Sennrich 2019",
        Setup = $"Transformers of 24 layers (width {Width}) on a Markov source: no norm, LayerNorm after each part (2017), before each part, RMSNorm before. "
            + "No clipping, no warm-up, constant rates from 4e-4 to 0.05 in steps of a factor 2; a rate is stable when the loss ends at least 0.3 nats below ln 12. "
            + "Control: every arm has a stable rate.",
        Measure = "largest stable rate with LayerNorm before each part, over the largest without norm",
        Threshold = 2,
        Minutes = 2.5,
        Changes =
        [
            "A review found that the claim's other half, that deep networks train faster for it, was not shown: the lowest loss after 60 steps was that of no norm, with every seed. The claim now speaks of rates "
            + "alone, which the measure decides, and the lowest losses are figures. A rate counts as stood when the model learns something at it. The picture has no stand-in for diverged trainings any more. Measure "
            + "and threshold are the same; the old verdict was shown (4).",
        ],
        Correction = "LayerNorm normalises activations, not weights. With clipping and warm-up the difference disappears at moderate depth. A larger rate is not yet a better model.",
    };

    internal override Observation Run(Bench bench)
    {
        var depth = bench.Size(24, 4);
        var steps = bench.Size(60, 20);
        var rates = Enumerable.Range(0, bench.Size(8, 4)).Select(i => 4e-4 * Math.Pow(bench.Size(2, 8), i)).ToArray();
        var arms = new (string Name, NormPlace Place, NormKind Kind)[]
        {
            ("no norm", NormPlace.None, NormKind.LayerNorm), ("LayerNorm after (2017)", NormPlace.Post, NormKind.LayerNorm),
            ("LayerNorm before", NormPlace.Pre, NormKind.LayerNorm), ("RMSNorm before", NormPlace.Pre, NormKind.RmsNorm),
        };
        var losses = new double[arms.Length][];
        var largest = new double[arms.Length];
        for (var arm = 0; arm < arms.Length; arm++)
        {
            losses[arm] = new double[rates.Length];
            for (var i = 0; i < rates.Length; i++)
            {
                losses[arm][i] = Train(bench, depth, steps, arms[arm].Place, arms[arm].Kind, rates[i], bench.Part((arm * rates.Length) + i, arms.Length * rates.Length));
                largest[arm] = losses[arm][i] <= Math.Log(Symbols) - 0.3 ? rates[i] : largest[arm];
            }
        }
        return new Observation
        {
            Value = largest[2] / largest[0],
            Controls = [.. arms.Select((arm, i) => new Condition($"{arm.Name}: largest stable rate {Reports.Report.Number(largest[i])}", largest[i] > 0))],
            Figures =
            [
                .. arms.Select((arm, i) => new Figure($"largest stable rate, {arm.Name}", largest[i])),
                .. arms.Select((arm, i) => new Figure($"lowest loss, {arm.Name}", losses[i].Where(double.IsFinite).DefaultIfEmpty(double.NaN).Min())),
            ],
            Charts =
            [
                new Chart
                {
                    Title = $"{depth} layers, {steps} steps, no clipping, no warm-up", XLabel = "learning rate", YLabel = "loss at the end (nats a symbol)", LogX = true, LogY = true,
                    Series = [.. arms.Select((arm, i) => new ChartSeries(arm.Name, rates, losses[i]))],
                    Line = (Math.Log(Symbols) - 0.3, "stable below"),
                },
            ],
        };
    }

    private static double Train(Bench bench, int depth, int steps, NormPlace place, NormKind kind, double rate, Action<double> progress)
    {
        var source = new MarkovSource(Symbols, order: 1, bench.Random());
        var random = bench.Random(1);
        using var model = new LabTransformer(
            new LabShape
            {
                Vocabulary = Symbols, Context = Time, Layers = depth, Heads = 2, Width = Width, Hidden = 4 * Width, Norm = place, NormKind = kind,
            }, bench.Seed);
        var options = new TrainingOptions(Steps: steps, LearningRate: rate, Schedule: ScheduleShape.Constant, WeightDecay: 0, GradientClip: 0);
        var curve = LabTraining.Train(model, options, Batch, () => source.Batch(Batch, Time, random), progress, looks: 6);
        return curve.Diverged ? double.NaN : curve.FinalLoss;
    }
}
