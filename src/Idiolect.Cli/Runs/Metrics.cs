using System.Text.Json;

namespace Idiolect.Cli.Runs;

/// <summary>The history of a run, read from its <c>metrics.jsonl</c>.</summary>
internal sealed class Metrics
{
    internal readonly record struct Step(int Number, double Loss, double Milliseconds, double TokensPerSecond, double LearningRate);

    internal readonly record struct Evaluation(int Step, double TrainLoss, double ValidationLoss, double BitsPerByte);

    internal List<Step> Steps { get; } = [];

    internal List<Evaluation> Evaluations { get; } = [];

    internal Evaluation? Best => Evaluations.Count == 0 ? null : Evaluations.MinBy(evaluation => evaluation.ValidationLoss);

    internal TimeSpan StepTime => TimeSpan.FromMilliseconds(Steps.Sum(step => step.Milliseconds));

    /// <summary>Reads the history; a missing file is an empty one.</summary>
    /// <remarks>
    /// A run that was killed may end in half a line, which is passed over. A run that went on from a checkpoint repeats the steps after
    /// it; the later ones count.
    /// </remarks>
    internal static Metrics Read(string folder)
    {
        var file = Path.Combine(folder, RunFile.Metrics);
        var metrics = new Metrics();
        foreach (var line in File.Exists(file) ? File.ReadLines(file) : [])
        {
            metrics.Add(line);
        }
        return metrics;
    }

    private void Add(string line)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(line);
        }
        catch (JsonException)
        {
            return;
        }
        using (document)
        {
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
            {
                return;
            }
            var step = (int)Number(root, "step");
            switch (root.TryGetProperty("event", out var name) ? name.GetString() : null)
            {
                case "step":
                    if (Steps.Count > 0 && Steps[^1].Number >= step)
                    {
                        Steps.RemoveAll(earlier => earlier.Number >= step);
                    }
                    Steps.Add(new Step(
                        step, Number(root, "loss"), Number(root, "ms"), Number(root, "tokensPerSecond"), Number(root, "learningRate")));
                    break;
                case "eval":
                    Evaluations.RemoveAll(earlier => earlier.Step >= step);
                    Evaluations.Add(new Evaluation(
                        step, Number(root, "trainLoss"), Number(root, "valLoss"), Number(root, "bitsPerByte")));
                    break;
            }
        }
    }

    private static double Number(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : double.NaN;
}
