using Idiolect.Lab.Models;
using Idiolect.Lab.Plots;
using Idiolect.Lab.Tasks;
using Idiolect.Training;

namespace Idiolect.Lab.Experiments;

/// <summary>How many labels it takes with and without having read before.</summary>
internal sealed class PreTraining : Experiment
{
    private const int Batch = 32;

    public override Protocol Protocol { get; } = new()
    {
        Name = "pre-training",
        Claim = "A model that has read much text before needs few labels for a new task.",
        Essay = "Read first, learn the task later",
        Paper = "Howard and Ruder 2018; Radford et al. 2018; Devlin et al. 2019",
        Setup = $"Which of {NamespaceTask.Classes} namespaces does a .NET documentation text belong to, from its first {NamespaceTask.Length} bytes without dotted names? A transformer (2 layers, width 64), from scratch; after predicting the next byte of "
            + "unlabelled texts of the same classes, all weights tuned; and with only its output layer tuned. 4, 16 and 64 labels a class, two learning rates each, as many steps; naive Bayes on words beside it. "
            + "Control: from scratch with the most labels it beats chance by 0.1.",
        Measure = "accuracy at 16 labels a class, pre-trained and tuned, minus from scratch",
        Threshold = 0.1,
        Correction = "Naive Bayes on words is a strong baseline at this size; it stands in the picture.",
    };

    internal override Observation Run(Bench bench)
    {
        int[] counts = bench.Size<int[]>([4, 16, 64], [4, 16]);
        double[] rates = bench.Size<double[]>([1e-3, 3e-3], [3e-3]);
        var task = new NamespaceTask(bench.Random());
        using var pretrained = NewModel(bench);
        var random = bench.Random(1);
        LabTraining.Train(
            pretrained, new TrainingOptions(Steps: bench.Size(600, 20), LearningRate: 3e-3, WarmupSteps: 20, WeightDecay: 0), Batch,
            () => NamespaceTask.NextBytes([.. Enumerable.Range(0, Batch).Select(_ => task.Unlabelled[random.Next(task.Unlabelled.Length)])]), bench.Part(0, 3));
        var arms = new (string Name, LabTransformer? Start, bool Frozen)[]
        {
            ("from scratch", null, false), ("pre-trained, all weights tuned", pretrained, false), ("pre-trained, output layer tuned", pretrained, true),
        };
        var accuracy = arms.Select((arm, a) => counts.Select((count, c) => LabTraining.Tune(
            rates, fraction => bench.Advance((1 + (2 * ((a * counts.Length) + c + fraction) / (arms.Length * counts.Length))) / 3),
            (rate, progress) => Tune(bench, task, arm.Start, arm.Frozen, count, rate, progress), result => result)).ToArray()).ToArray();
        var bayes = counts.Select(task.NaiveBayes).ToArray();
        var x = counts.Select(count => (double)count).ToArray();
        return new Observation
        {
            Value = accuracy[1][1] - accuracy[0][1],
            Controls = [new($"from scratch with {counts[^1]} labels a class: {Reports.Report.Number(accuracy[0][^1])}", accuracy[0][^1] >= (1.0 / NamespaceTask.Classes) + 0.1)],
            Figures =
            [
                .. arms.SelectMany((arm, a) => counts.Select((count, c) => new Figure($"accuracy, {count} labels a class, {arm.Name}", accuracy[a][c]))),
                .. counts.Select((count, c) => new Figure($"accuracy, {count} labels a class, naive Bayes", bayes[c])),
            ],
            Charts =
            [
                new Chart
                {
                    Title = "Accuracy by number of labels", XLabel = "labels a class", YLabel = "accuracy on the test", LogX = true,
                    Series = [.. arms.Select((arm, a) => new ChartSeries(arm.Name, x, accuracy[a])), new("naive Bayes", x, bayes)],
                    Line = (1.0 / NamespaceTask.Classes, "chance"),
                },
            ],
        };
    }

    private static LabTransformer NewModel(Bench bench)
        => new(new LabShape { Vocabulary = NamespaceTask.Vocabulary, Context = NamespaceTask.Length, Hidden = 256 }, bench.Seed);

    private static double Tune(Bench bench, NamespaceTask task, LabTransformer? start, bool frozen, int count, double rate, Action<double> progress)
    {
        using var model = NewModel(bench);
        foreach (var parameter in model.Parameters.All)
        {
            if (start != null)
            {
                parameter.Assign(start.Parameters[parameter.Name].Values);
            }
            parameter.RequiresGradient = !frozen || parameter.Name == "head.weight";
        }
        var random = bench.Random(2);
        var training = task.Training(count);
        var options = new TrainingOptions(Steps: bench.Size(100, 10), LearningRate: rate, WarmupSteps: 10, WeightDecay: 0);
        LabTraining.Train(model, options, Batch, () => NamespaceTask.Labelled([.. Enumerable.Range(0, Batch).Select(_ => training[random.Next(training.Length)])]), progress);
        var test = task.Test;
        var (tokens, targets) = NamespaceTask.Labelled(test);
        return model.Accuracy(tokens, targets, test.Length);
    }
}
