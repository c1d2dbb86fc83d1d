using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Lab.Tasks;
using Idiolect.Training;

namespace Idiolect.Lab.Experiments;

/// <summary>Two layers of attention learn to copy what followed before; one layer cannot.</summary>
internal sealed class Induction : Experiment
{
    private const int Vocabulary = 32;
    private const int Time = 48;
    private const int Batch = 32;
    private const int Heads = 4;

    public override Protocol Protocol { get; } = new()
    {
        Name = "induction",
        Claim = "Attention layers, two of them, learn to learn from their context: they find what followed the same token before and expect it again.",
        Essay = "Learning in context",
        Paper = "Elhage et al. 2021; Olsson et al. 2022",
        Setup = "Attention-only transformers of 1 and 2 layers (width 64, 4 heads), each at two learning rates, on random blocks of 10 to 20 different tokens that repeat; "
            + "accuracy counts where the block comes again. A head's prefix matching is the attention it pays to the token after the previous occurrence of the current "
            + "one; the head with the most of it, and the one with the least, is then cut out. Control: one layer learns blocks of one fixed length, where position alone tells.",
        Measure = "accuracy of two layers minus accuracy of one",
        Threshold = 0.5,
    };

    internal override Observation Run(Bench bench)
    {
        double[] rates = bench.Size<double[]>([3e-3, 1e-2], [1e-2]);
        var two = LabTraining.Tune(rates, bench.Part(0, 3), (rate, progress) => Train(bench, 2, rate, 10, 20, progress), trial => trial.Accuracy);
        var one = LabTraining.Tune(rates, bench.Part(1, 3), (rate, progress) => Train(bench, 1, rate, 10, 20, progress), trial => trial.Accuracy);
        var control = LabTraining.Tune(rates, bench.Part(2, 3), (rate, progress) => Train(bench, 1, rate, 15, 15, progress), trial => trial.Accuracy);
        var half = two.Curve.Scores.Select((score, i) => (score, i)).FirstOrDefault(look => look.score >= 0.5, (0, -1)).Item2;
        return new Observation
        {
            Value = two.Accuracy - one.Accuracy,
            Controls = [new($"one layer on blocks of one length: accuracy {Reports.Report.Number(control.Accuracy)}, at least 0.9", control.Accuracy >= 0.9)],
            Conditions =
            [
                new($"accuracy of two layers is {Reports.Report.Number(two.Accuracy)}, at least 0.9", two.Accuracy >= 0.9),
                new($"cutting out the best matching head costs {Reports.Report.Number(two.Accuracy - two.WithoutBest)}, the least matching one "
                    + $"{Reports.Report.Number(two.Accuracy - two.WithoutLeast)}", two.WithoutBest < two.WithoutLeast),
            ],
            Figures =
            [
                new("accuracy, two layers", two.Accuracy), new("accuracy, one layer", one.Accuracy), new("accuracy, one layer, fixed length", control.Accuracy),
                new("prefix matching of the best head of layer 2", two.BestMatching), new("accuracy without that head", two.WithoutBest),
                new("accuracy without the least matching head of layer 2", two.WithoutLeast),
                new("step at which two layers pass one half", half < 0 ? double.NaN : two.Curve.Steps[half]),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "Two layers learn induction, suddenly; one layer does not",
                    XLabel = "training step", YLabel = "accuracy where the block repeats",
                    Series = [new("two layers", two.Curve.Steps, two.Curve.Scores), new("one layer", one.Curve.Steps, one.Curve.Scores),
                        new("one layer, one block length", control.Curve.Steps, control.Curve.Scores)],
                },
            ],
        };
    }

    private sealed record Trial(LearningCurve Curve, double Accuracy, double BestMatching, double WithoutBest, double WithoutLeast);

    private static Trial Train(Bench bench, int layers, double rate, int shortest, int longest, Action<double> progress)
    {
        var steps = bench.Size(800, 40);
        using var model = new LabTransformer(
            new LabShape { Vocabulary = Vocabulary, Context = Time, Layers = layers, Heads = Heads, EmbeddingDeviation = 0.3 }, bench.Seed);
        var task = new InductionTask(Vocabulary, Time, shortest, longest, bench.Random(1));
        var test = new InductionTask(Vocabulary, Time, shortest, longest, bench.Random(2));
        var (tokens, targets) = test.Batch(64);
        double Accuracy() => model.Accuracy(tokens, targets, 64);
        var options = new TrainingOptions(Steps: steps, LearningRate: rate, WarmupSteps: 20, WeightDecay: 0);
        var curve = LabTraining.Train(model, options, Batch, () => task.Batch(Batch), progress, looks: 40, Accuracy);
        var accuracy = Accuracy();
        if (layers == 1)
        {
            return new Trial(curve, accuracy, 0, 0, 0);
        }
        var matching = PrefixMatching(model, test.Periods, tokens);
        var heads = Enumerable.Range(0, Heads).ToArray();
        var (best, least) = (heads.MaxBy(head => matching[head]), heads.MinBy(head => matching[head]));
        return new Trial(curve, accuracy, matching[best], Without(model, best, Accuracy), Without(model, least, Accuracy));
    }

    /// <summary>How much each head of the second layer looks at the token after the previous occurrence of the current one.</summary>
    private static double[] PrefixMatching(LabTransformer model, int[] periods, int[] tokens)
    {
        AttentionMaps? maps = null;
        model.Listener = new Listener(Attention: (layer, qkv) => maps = layer == 1 ? new AttentionMaps(qkv, Heads) : maps);
        model.Logits(tokens, periods.Length);
        model.Listener = null;
        const int Sequences = 8;
        return [.. Enumerable.Range(0, Heads).Select(head => Enumerable.Range(0, Sequences).Average(sequence =>
            Enumerable.Range(periods[sequence], Time - periods[sequence])
                .Average(query => maps!.Weight(sequence, head, query, query - periods[sequence] + 1))))];
    }

    /// <summary>The accuracy when nothing of a head of the second layer reaches the stream.</summary>
    private static double Without(LabTransformer model, int head, Func<double> accuracy)
    {
        var output = model.Parameters["layers.1.output.weight"]; // (width, heads * head size)
        var (kept, width, size) = (output.Values.ToArray(), output.Shape[1], output.Shape[1] / Heads);
        var cut = kept.Select((value, i) => (i % width) / size == head ? 0f : value).ToArray();
        output.Assign(cut);
        var result = accuracy();
        output.Assign(kept);
        return result;
    }
}
