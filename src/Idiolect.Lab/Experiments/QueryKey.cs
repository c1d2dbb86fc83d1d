using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Lab.Tasks;
using Idiolect.Training;

namespace Idiolect.Lab.Experiments;

/// <summary>Whether what a token asks and what it offers can be one vector.</summary>
internal sealed class QueryKey : Experiment
{
    private const int Vocabulary = 32;
    private const int Time = 48;
    private const int Batch = 32;
    private const int Width = 64;

    public override Protocol Protocol { get; } = new()
    {
        Name = "query-key",
        Claim = "Keys and queries are interchangeable: only their product counts.",
        Essay = "Query, key, value",
        Paper = "Vaswani et al. 2017, section 3.2; Elhage et al. 2021",
        Setup = "Two-layer attention-only transformers (width 64, 4 heads) on the induction task, Muon, two learning rates each: with W_Q and W_K of their own; with W_Q = W_K "
            + "throughout training (one matrix, its gradient the sum of both). In the first, W_Q and W_K are also exchanged after training. Control: the untied model reaches 0.9.",
        Measure = "the larger of the accuracies of the tied and of the exchanged model, as a fraction of the untied one's",
        Threshold = 0.9,
        Changes =
        [
            "The first full run (AdamW at 3e-3 and 1e-2) left the tied model at 0.35 with one seed, where the step in which induction is learnt had not come yet, and at 0.94 and 0.95 with the others. "
            + "Now Muon at 4e-3 and 1e-2 for both, which learns it sooner. The threshold is the same.",
        ],
        Correction = "The score q k is one bilinear form W_Q^T W_K: renaming both matrices in every score changes nothing, but the form is not symmetric. What a token "
            + "looks for differs from what it offers, so exchanging the two in a trained model destroys it. A model that has one matrix for both from the start finds another way, "
            + "through the layer before, and takes longer.",
    };

    internal override Observation Run(Bench bench)
    {
        double[] rates = bench.Size<double[]>([4e-3, 1e-2], [1e-2]);
        var untied = LabTraining.Tune(rates, bench.Part(0, 2), (rate, progress) => Train(bench, tied: false, rate, progress), trial => trial.Accuracy);
        var tied = LabTraining.Tune(rates, bench.Part(1, 2), (rate, progress) => Train(bench, tied: true, rate, progress), trial => trial.Accuracy);
        return new Observation
        {
            Value = Math.Max(tied.Accuracy, untied.Exchanged) / untied.Accuracy,
            Controls = [new($"untied: accuracy {Reports.Report.Number(untied.Accuracy)}, at least 0.9", untied.Accuracy >= 0.9)],
            Figures = [new("accuracy, untied", untied.Accuracy), new("accuracy, tied", tied.Accuracy), new("accuracy, untied, then exchanged", untied.Exchanged)],
            Charts =
            [
                new Chart
                {
                    Title = "With one matrix for queries and keys, induction is learnt later",
                    XLabel = "training step", YLabel = "accuracy where the block repeats",
                    Series = [new("W_Q and W_K", untied.Curve.Steps, untied.Curve.Scores), new("W_Q = W_K", tied.Curve.Steps, tied.Curve.Scores)],
                    Line = (untied.Exchanged, "W_Q and W_K exchanged at the end"),
                },
            ],
        };
    }

    private sealed record Trial(LearningCurve Curve, double Accuracy, double Exchanged);

    private static Trial Train(Bench bench, bool tied, double rate, Action<double> progress)
    {
        var steps = bench.Size(800, 40);
        using var model = new LabTransformer(new LabShape { Vocabulary = Vocabulary, Context = Time, Width = Width, EmbeddingDeviation = 0.3 }, bench.Seed);
        var projections = Enumerable.Range(0, 2)
            .SelectMany(layer => new[] { model.Parameters[$"layers.{layer}.qkv.weight"], model.Parameters[$"layers.{layer}.qkv.bias"] }).ToArray();
        void Tie(bool start)
        {
            foreach (var projection in projections)
            {
                TiedWeights.TieRows(projection, 0, Width, Width, start);
            }
        }
        if (tied)
        {
            Tie(start: true);
        }
        var task = new InductionTask(Vocabulary, Time, 10, 20, bench.Random(1));
        var (tokens, targets) = new InductionTask(Vocabulary, Time, 10, 20, bench.Random(2)).Batch(64);
        double Accuracy() => model.Accuracy(tokens, targets, 64);
        var options = new TrainingOptions(Steps: steps, LearningRate: rate, WarmupSteps: 20, WeightDecay: 0, Optimizer: OptimizerKind.Muon);
        var curve = LabTraining.Train(
            model, options, Batch, () => task.Batch(Batch), progress, looks: 40, Accuracy, tied ? () => Tie(start: false) : null);
        var accuracy = Accuracy();
        foreach (var projection in projections)
        {
            var values = projection.Values.ToArray();
            var block = values.Length / 3;
            projection.Assign([.. values[block..(2 * block)], .. values[..block], .. values[(2 * block)..]]);
        }
        return new Trial(curve, accuracy, Accuracy());
    }
}
