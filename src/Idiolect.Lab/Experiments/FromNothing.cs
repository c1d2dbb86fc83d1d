using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Lab.Tasks;
using Idiolect.Models;
using Idiolect.Training;

namespace Idiolect.Lab.Experiments;

/// <summary>Writing on from a beginning, and writing without one.</summary>
internal sealed class FromNothing : Experiment
{
    private const int Time = 96;
    private const int Batch = 16;
    private const int Verbatim = 24; // bytes

    public override Protocol Protocol { get; } = new()
    {
        Name = "from-nothing",
        Claim = "A decoder-only model writes on from any beginning, or from nothing but the sign that a text begins.",
        Essay = "The decoder alone",
        Paper = "Liu et al. 2018; Radford et al. 2018",
        Setup = $"A GPT (2 layers, width 96) on the bytes of the .NET documentation, whose documents begin with a byte 0, at two learning rates. Held-out documents: bits per byte of the first 32 bytes, from the byte 0 alone, and of the "
            + $"32 after a given beginning of 64. It writes 32 texts from nothing; a share of their {Verbatim}-byte stretches stands verbatim in the training text. Control: with a beginning it needs at most 0.8 of the bytes' entropy.",
        Measure = "bits per byte from nothing, as a fraction of the entropy of a document's first 32 bytes by their frequencies",
        Threshold = 0.8,
        Side = Side.AtMost,
    };

    internal override Observation Run(Bench bench)
    {
        double[] rates = bench.Size<double[]>([3e-3, 1e-2], [1e-2]);
        var trial = LabTraining.Tune(rates, bench.Advance, (rate, progress) => Train(bench, rate, progress), trial => -trial.Curve.FinalLoss);
        var at = Enumerable.Range(1, Time).Select(place => (double)place).ToArray();
        return new Observation
        {
            Value = trial.Start / trial.Frequencies,
            Controls = [new($"with a beginning: {Reports.Report.Number(trial.Continued)} bits per byte, frequencies {Reports.Report.Number(trial.Frequencies)}", trial.Continued < 0.8 * trial.Frequencies)],
            Conditions = [new($"{Reports.Report.Number(trial.Copied)} of what it writes from nothing is verbatim, at most 0.5", trial.Copied <= 0.5)],
            Figures =
            [
                new("bits per byte from nothing (first 32 bytes)", trial.Start), new("bits per byte after a beginning of 64", trial.Continued),
                new("entropy of the first 32 bytes by frequency", trial.Frequencies), new($"share of {Verbatim}-byte stretches found in the training text", trial.Copied),
                new("the same share of held-out documents", trial.CopiedByPeople),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "What each byte of a document costs, from nothing on", XLabel = "place in the document (bytes from its beginning)", YLabel = "bits, mean over held-out documents",
                    Series = [new("GPT", at, trial.BitsAt)],
                    Line = (trial.Frequencies, "frequencies of bytes"),
                },
            ],
        };
    }

    private sealed record Trial(LearningCurve Curve, double Start, double Continued, double Frequencies, double Copied, double CopiedByPeople, double[] BitsAt);

    private static Trial Train(Bench bench, double rate, Action<double> progress)
    {
        var (training, validation) = (DocumentationBytes.Training, DocumentationBytes.Validation);
        using var model = new LanguageTokenModel(new Gpt(GptConfig.Gpt2(DocumentationBytes.Vocabulary, Time + 1, 2, 4, 96), bench.Seed));
        var random = bench.Random(1);
        var options = new TrainingOptions(Steps: bench.Size(600, 20), LearningRate: rate, WarmupSteps: 20, WeightDecay: 0.1);
        // Half of the windows begin where a document does, so that position 0 means a beginning.
        var starts = Beginnings(training, Time);
        var curve = LabTraining.Train(model, options, Batch, () => DocumentationBytes.Windows(
            training, [.. Enumerable.Range(0, Batch).Select(i => i % 2 == 0 ? starts[random.Next(starts.Length)] : random.Next(training.Length - Time))], Time), progress);

        var documents = Beginnings(validation, Time).Where(start => validation.AsSpan(start + 1, Time).IndexOf((byte)0) < 0).Take(bench.Size(400, 32)).ToArray();
        var (tokens, targets) = DocumentationBytes.Windows(validation, documents, Time);
        var bitsAt = BitsByPlace(model, tokens, targets);
        var frequencies = Entropy(documents.SelectMany(start => validation[(start + 1)..(start + 33)]).ToArray());
        var written = Write(model, bench.Size(32, 2), bench.Random(3));
        return new Trial(
            curve, bitsAt[..32].Average(), bitsAt[64..].Average(), frequencies, CopiedShare(written, training),
            CopiedShare([.. documents.Take(written.Length).Select(start => validation[(start + 1)..(start + 1 + Time)])], training), bitsAt);
    }

    private static int[] Beginnings(byte[] text, int room) => [.. Enumerable.Range(0, text.Length - room - 1).Where(i => text[i] == 0)];

    private static double[] BitsByPlace(ITokenModel model, int[] tokens, int[] targets)
    {
        var logits = model.Logits(tokens, tokens.Length / Time);
        var bits = new double[Time];
        for (var row = 0; row < tokens.Length; row++)
        {
            var scores = logits.AsSpan(row * DocumentationBytes.Vocabulary, DocumentationBytes.Vocabulary);
            var greatest = scores[TokenModelQueries.Greatest(scores)];
            var total = 0.0;
            foreach (var score in scores)
            {
                total += Math.Exp(score - greatest);
            }
            bits[row % Time] += (Math.Log2(total) - ((scores[targets[row]] - greatest) / Math.Log(2))) / (tokens.Length / Time);
        }
        return bits;
    }

    private static double Entropy(byte[] text)
        => text.GroupBy(value => value).Sum(group => -(double)group.Count() / text.Length * Math.Log2((double)group.Count() / text.Length));

    private static byte[][] Write(ITokenModel model, int texts, Random random)
    {
        var tokens = Enumerable.Range(0, texts).Select(_ => new List<int> { 0 }).ToArray();
        for (var length = 1; length <= Time; length++)
        {
            var logits = model.Logits([.. tokens.SelectMany(text => text)], texts);
            for (var text = 0; text < texts; text++)
            {
                var scores = logits.AsSpan(((text * length) + length - 1) * DocumentationBytes.Vocabulary, DocumentationBytes.Vocabulary);
                tokens[text].Add(Sampling.Draw(scores, random));
            }
        }
        return [.. tokens.Select(text => text.Skip(1).TakeWhile(token => token != 0).Select(token => (byte)token).ToArray())];
    }

    private static double CopiedShare(byte[][] texts, byte[] training)
    {
        var (copied, all) = (0, 0);
        foreach (var text in texts)
        {
            for (var start = 0; start + Verbatim <= text.Length; start += 8)
            {
                all++;
                copied += training.AsSpan().IndexOf(text.AsSpan(start, Verbatim)) >= 0 ? 1 : 0;
            }
        }
        return all == 0 ? 0 : (double)copied / all;
    }
}
