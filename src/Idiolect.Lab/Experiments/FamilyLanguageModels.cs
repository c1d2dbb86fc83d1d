using System.Diagnostics;
using Idiolect.Kernels;
using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Lab.Tasks;
using Idiolect.Models;
using Idiolect.Training;

namespace Idiolect.Lab.Experiments;

/// <summary>The whole line on one text: n-gram, RNN, LSTM, GPT.</summary>
internal sealed class FamilyLanguageModels : Experiment
{
    private const int Time = 64;
    private const int Batch = 16;
    private const int Order = 8;
    private const int Steps = 600;

    public override Protocol Protocol { get; } = new()
    {
        Name = "family-lm",
        Claim = "Of n-gram, RNN, LSTM and GPT each predicts text better than the one before, after equally much text; the networks at equal parameters and equal training time.",
        Essay = "The line of ancestors",
        Paper = "Kneser and Ney 1995; Mikolov et al. 2010; Zaremba et al. 2014; Radford et al. 2018",
        Setup = $"Bytes of the .NET documentation; RNN (2 layers, width 200), LSTM (2, 108), GPT (2, 88), about 214,000 parameters each, learning rates searched for each and chosen on other held-out bytes, Muon, {Steps} steps of {Batch} texts of {Time}; "
            + $"the last look within the time of the fastest counts. An interpolated Kneser-Ney {Order}-gram of the very bytes that a network reads, on the same test windows, and one of 2 MB beside it. Bits per byte on held-out documents. Controls: each network beats 4 bits per byte; rates within "
            + "the grid. (Nothing is trained out: the claim is about equal time.)",
        Measure = "the largest of the ratios of bits per byte RNN / n-gram, LSTM / RNN, GPT / LSTM after equally much text, and of the last two after equal time",
        Threshold = 1,
        Minutes = 7,
        Side = Side.AtMost,
        Changes =
        [
            "The first full run trained with AdamW: in the 10 to 14 seconds that counted RNN and LSTM stayed above 4 bits per byte, so the controls failed. Now Muon trains all three. "
            + "Threshold and controls are the same.",
            "A review found data and parameters unequal: the n-gram had read 2 MB, the networks 614 kB, and an n-gram has no parameters to make equal. Now it counts as many bytes; that of 2 MB is a figure. The claim says "
            + "what is equal for whom. Networks and n-gram read the same bytes once and are tested on the same windows; settings are chosen on the other half of the held-out bytes. "
            + "A network that is cut short by the time has read less than the n-gram, so the measure now takes both: equal text for all, equal time for the networks. The threshold is the same; the old verdict was refuted (1.42).",
        ],
        Correction = "The n-gram is a baseline, not a floor: on text as repetitive as documentation it beats small networks that have trained for minutes. And not every large language model is a GPT.",
    };

    internal override Observation Run(Bench bench)
    {
        var arms = new (string Name, Func<ILanguageModel> Make)[]
        {
            ("RNN", () => new Recurrent(Shape(RecurrentCell.Rnn, 200), bench.Seed)),
            ("LSTM", () => new Recurrent(Shape(RecurrentCell.Lstm, 108), bench.Seed)),
            ("GPT", () => new Gpt(GptConfig.Gpt2(DocumentationBytes.Vocabulary, Time, 2, 4, 88), bench.Seed)),
        };
        // One after the other, since time counts.
        double[] rates = bench.Size<double[]>([3e-3, 1e-2, 3e-2], [1e-2]);
        var chosen = FairSearch.Run<Found>(
            [.. arms.Select(arm => arm.Name)], [new Dial("learning rate", rates)],
            settings => [.. settings.Select((each, i) => Train(bench, arms[each.Arm].Make, each.Setting[0], bench.Part(i, settings.Count)))], !bench.Quick, tie: 0.005);
        Found[] trials = [.. chosen.Select(each => each.Result)];
        var budget = trials.Min(trial => trial.Seconds[^1]);
        var bits = trials.Select(trial => trial.Bits[Math.Max(0, Array.FindLastIndex(trial.Seconds, seconds => seconds <= budget))]).ToArray();
        var bytes = bench.Size(Steps, 20) * Batch * Time;
        int[] read = [bytes / 8, bytes / 4, bytes / 2, bytes];
        var counted = Array.ConvertAll(read, size => MeasureNGram(bench, size));
        var (ngram, ngramSeconds) = counted[^1];
        var (large, _) = MeasureNGram(bench, bench.Size(2_000_000, 100_000));
        return new Observation
        {
            Value = new[]
            {
                trials[0].Bits[^1] / ngram, trials[1].Bits[^1] / trials[0].Bits[^1], trials[2].Bits[^1] / trials[1].Bits[^1], bits[1] / bits[0], bits[2] / bits[1],
            }.Max(),
            Controls = [.. arms.Select((arm, i) => new Condition($"{arm.Name}: {Reports.Report.Number(bits[i])} bits per byte", bits[i] < 4)), .. chosen.SelectMany(each => each.Controls)],
            Figures =
            [
                new($"bits per byte, {Order}-gram of equal data", ngram), new($"bits per byte, {Order}-gram of 2 MB", large), new($"seconds, {Order}-gram", ngramSeconds), new("seconds that count, networks", budget),
                .. arms.SelectMany((arm, i) => new Figure[]
                {
                    new($"bits per byte in that time, {arm.Name}", bits[i]), new($"bits per byte at the end, {arm.Name}", trials[i].Bits[^1]), new($"parameters, {arm.Name}", trials[i].Parameters), new($"learning rate, {arm.Name}", chosen[i].Setting[0]),
                }),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "Bits per byte against the text that was read", XLabel = "bytes read", YLabel = "bits per byte, held-out documents",
                    Series =
                    [
                        .. arms.Select((arm, i) => new ChartSeries(arm.Name, trials[i].Bytes, trials[i].Bits)),
                        new($"Kneser-Ney {Order}-gram", [.. read.Select(size => (double)size)], [.. counted.Select(each => each.Bits)]),
                    ],
                },
                new Chart
                {
                    Title = "Bits per byte against training time", XLabel = "training time (s)", YLabel = "bits per byte, held-out documents",
                    Series = [.. arms.Select((arm, i) => new ChartSeries(arm.Name, trials[i].Seconds, trials[i].Bits))],
                    Line = (ngram, $"Kneser-Ney {Order}-gram, equal data"),
                },
            ],
        };
    }

    internal sealed record Found(double[] Seconds, double[] Bytes, double[] Bits, double Parameters);

    private static RecurrentConfig Shape(RecurrentCell cell, int width) => new()
    {
        Cell = cell, VocabularySize = DocumentationBytes.Vocabulary, ContextLength = Time, LayerCount = 2, Width = width,
    };

    internal static Trial<Found> Train(Bench bench, Func<ILanguageModel> make, double rate, Action<double> progress)
    {
        using var model = new LanguageTokenModel(make());
        var steps = bench.Size(Steps, 20);
        var order = Enumerable.Range(0, steps * Batch).ToArray(); // the bytes that the n-gram counts, each once
        bench.Random(1).Shuffle(order);
        var next = 0;
        (int[], int[]) Next()
        {
            var starts = order.AsSpan(next, Batch).ToArray().Select(window => window * Time).ToArray();
            next += Batch;
            return DocumentationBytes.Windows(DocumentationBytes.Training, starts, Time);
        }
        var (tokens, targets) = TestWindows(bench);
        var (seconds, bytes, bits) = (new List<double>(), new List<double>(), new List<double>());
        var watch = Stopwatch.StartNew();
        var options = new TrainingOptions(Steps: steps, LearningRate: rate, WarmupSteps: 20, WeightDecay: 0, Optimizer: OptimizerKind.Muon);
        var curve = LabTraining.Train(
            model, options, Batch, Next, progress, looks: 20, () =>
            {
                watch.Stop(); // looking is no training
                seconds.Add(watch.Elapsed.TotalSeconds);
                bytes.Add(next * Time);
                bits.Add(model.MeanLoss(tokens, targets, 64) / Math.Log(2));
                watch.Start();
                return bits[^1];
            });
        if (curve.Diverged)
        {
            return new Trial<Found>(new Found([watch.Elapsed.TotalSeconds], [next * Time], [double.PositiveInfinity], model.Parameters.Count), double.NaN); // whether it was looked at before or not
        }
        var (chosenOn, expected) = DocumentationBytes.Batch(DocumentationBytes.Validation[(DocumentationBytes.Validation.Length / 2)..], 64, Time, bench.Random(3));
        return new Trial<Found>(new Found([.. seconds], [.. bytes], [.. bits], model.Parameters.Count), -model.MeanLoss(chosenOn, expected, 64));
    }

    private static (double Bits, double Seconds) MeasureNGram(Bench bench, int bytes)
    {
        var watch = Stopwatch.StartNew();
        var training = DocumentationBytes.Windows(DocumentationBytes.Training, [0], bytes).Tokens;
        using var model = LanguageTokenModel.Count(training, DocumentationBytes.Vocabulary, Order, bench.CancellationToken);
        var seconds = watch.Elapsed.TotalSeconds; // looking is no training
        var (tokens, targets) = TestWindows(bench);
        return (model.MeanLoss(tokens, targets, 64) / Math.Log(2), seconds);
    }

    /// <summary>What decides, of the first half of the held-out bytes, the same for all; settings are chosen on the second.</summary>
    private static (int[] Tokens, int[] Targets) TestWindows(Bench bench)
        => DocumentationBytes.Batch(DocumentationBytes.Validation[..(DocumentationBytes.Validation.Length / 2)], 64, Time, bench.Random(2));
}
