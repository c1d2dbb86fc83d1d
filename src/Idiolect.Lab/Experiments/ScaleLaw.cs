using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Lab.Tasks;
using Idiolect.Training;

namespace Idiolect.Lab.Experiments;

/// <summary>More parameters, the same text.</summary>
internal sealed class ScaleLaw : Experiment
{
    private const int Time = 64;
    private const int Batch = 16;

    public override Protocol Protocol { get; } = new()
    {
        Name = "scale",
        Claim = "Larger models learn more from the same data, and sooner.",
        Essay = "Scale",
        Paper = "Kaplan et al. 2020; Hoffmann et al. 2022",
        Setup = "Transformers of 2 layers and width 16 to 96 read the same 410,000 bytes of .NET documentation once, at three learning rates each; loss on held-out documents. "
            + "Control: every size beats the bytes' own frequencies.",
        Measure = "held-out loss of the smallest minus that of the largest, in nats a byte",
        Threshold = 0.3,
        Correction = "Five points are a curve, not a law; and a fixed number of bytes favours sizes that it can fill.",
    };

    internal override Observation Run(Bench bench)
    {
        int[] widths = bench.Size<int[]>([16, 24, 32, 64, 96], [16, 32]);
        double[] rates = bench.Size<double[]>([3e-3, 1e-2, 2e-2], [1e-2]);
        var trials = widths.Select((width, i) => LabTraining.Tune(
            rates, bench.Part(i, widths.Length), (rate, progress) => Train(bench, width, rate, progress), trial => -trial.Final)).ToArray();
        var unigram = UnigramLoss();
        var parameters = trials.Select(trial => (double)trial.Parameters).ToArray();
        var finals = trials.Select(trial => trial.Final).ToArray();
        var reached = trials.Select(trial => trial.Curve.Steps.Zip(trial.Curve.Scores).FirstOrDefault(look => look.Second <= finals[0] + 1e-9).First * Batch * Time).ToArray();
        return new Observation
        {
            Value = finals[0] - finals[^1],
            Controls = [new($"frequencies of bytes: {Reports.Report.Number(unigram)} nats; the worst model {Reports.Report.Number(finals.Max())}", finals.Max() < unigram)],
            Conditions =
            [
                new("each size is better than the one before", finals.Zip(finals.Skip(1)).All(pair => pair.Second < pair.First)),
                new($"the largest reaches the smallest's last loss after {Reports.Report.Number(reached[^1])} bytes of {Reports.Report.Number(reached[0])}, at most half", reached[^1] <= reached[0] / 2),
            ],
            Figures =
            [
                .. widths.SelectMany((width, i) => new Figure[] { new($"parameters, width {width}", parameters[i]), new($"held-out loss, width {width}", finals[i]), new($"best learning rate, width {width}", trials[i].Rate) }),
                new("exponent of loss by parameters", Fit.Exponent(parameters, finals)),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "The same text teaches larger models more, sooner", XLabel = "bytes read", YLabel = "held-out loss (nats a byte)",
                    Series = [.. trials.Select((trial, i) => new ChartSeries($"width {widths[i]}, {trial.Parameters:N0} parameters", [.. trial.Curve.Steps.Select(step => step * Batch * Time)], trial.Curve.Scores))],
                },
                new Chart
                {
                    Title = "Held-out loss by size", XLabel = "parameters", YLabel = "held-out loss (nats a byte)", LogX = true, LogY = true,
                    Series = [new("at the end of the text", parameters, finals)],
                },
            ],
        };
    }

    private sealed record Trial(LearningCurve Curve, double Final, double Rate, long Parameters);

    private static Trial Train(Bench bench, int width, double rate, Action<double> progress)
    {
        var steps = bench.Size(400, 20);
        using var model = new LabTransformer(
            new LabShape { Vocabulary = DocumentationBytes.Vocabulary, Context = Time, Heads = Math.Max(2, width / 16), Width = width, Hidden = 4 * width }, bench.Seed);
        var next = 0;
        var order = Enumerable.Range(0, steps * Batch).ToArray();
        bench.Random(1).Shuffle(order);
        var random = bench.Random(2);
        var (tokens, targets) = DocumentationBytes.Batch(DocumentationBytes.Validation, 64, Time, random);
        (int[], int[]) Next()
        {
            var starts = order.AsSpan(next, Batch).ToArray().Select(window => window * Time).ToArray();
            next += Batch;
            return DocumentationBytes.Windows(DocumentationBytes.Training, starts, Time);
        }
        var options = new TrainingOptions(Steps: steps, LearningRate: rate, WarmupSteps: 20, WeightDecay: 0);
        var curve = LabTraining.Train(model, options, Batch, Next, progress, looks: 20, () => model.MeanLoss(tokens, targets, 64));
        return new Trial(curve, curve.Diverged ? double.PositiveInfinity : curve.Scores[^1], rate, model.Parameters.Count);
    }

    /// <summary>The loss of a model that knows only how frequent each byte is.</summary>
    private static double UnigramLoss()
    {
        var counts = new double[DocumentationBytes.Vocabulary];
        foreach (var value in DocumentationBytes.Training)
        {
            counts[value]++;
        }
        return DocumentationBytes.Validation.Average(value => -Math.Log((counts[value] + 1) / (DocumentationBytes.Training.Length + 256.0)));
    }
}
