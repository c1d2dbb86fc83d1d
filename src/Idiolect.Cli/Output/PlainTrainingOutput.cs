using System.Globalization;

using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Cli.Output;

/// <summary>Plain lines for a pipe, a log or a terminal without colour: one every few seconds, and one at each evaluation.</summary>
internal sealed class PlainTrainingOutput(TextWriter output, TimeProvider time) : ITrainingOutput
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);

    private readonly TrainingClock clock = new(time);
    private long written;
    private double? peakTokensPerSecond;
    private int steps;

    public Task RunAsync(Func<Task> work) => work();

    public void Report(TrainingProgress value)
    {
        switch (value)
        {
            case WorkAnnounced work:
                output.WriteLine(work.What);
                break;
            case FileSkipped file:
                output.WriteLine(TrainingText.Skipped(file));
                break;
            case PairsDivided pairs:
                WriteLines(TranslationText.Corpus(pairs));
                break;
            case SentenceTranslated sentence:
                WriteLines(TranslationText.Sentence(sentence));
                break;
            case TrainingStarted started:
                peakTokensPerSecond = started.PeakTokensPerSecond;
                clock.Start(started);
                steps = started.Recipe.Optimizer.Steps;
                WriteLines(TrainingText.Start(started));
                break;
            case StepCompleted step when written == 0 || time.GetElapsedTime(written) >= Interval:
                written = time.GetTimestamp();
                output.WriteLine(Line(step));
                break;
            case EvaluationCompleted evaluation:
                output.WriteLine(TrainingText.Evaluation(evaluation));
                break;
            case TextSampled sample:
                WriteLines(ReadableText.Printable(sample.Text).Split('\n').Select(line => $"  | {line}"));
                break;
            case StepSkipped skipped:
                output.WriteLine(TrainingText.Skipped(skipped));
                break;
            case MetricsDamaged metrics:
                output.WriteLine(TrainingText.Damaged(metrics.Lines));
                break;
            case CheckpointDamaged damaged:
                output.WriteLine(TrainingText.Damaged(damaged));
                break;
            case RunChanged changed:
                output.WriteLine(TrainingText.Changed(changed));
                break;
            case TrainingFinished finished:
                var rows = TrainingText.Result(finished).ToArray();
                var width = rows.Max(row => row.Name.Length);
                WriteLines(rows.Select(row => $"{row.Name.PadRight(width)}  {row.Value}"));
                WriteLines(TrainingText.Next(finished));
                break;
        }
    }

    private string Line(StepCompleted step)
    {
        string?[] parts =
        [
            $"step {step.Step}/{steps}",
            string.Create(CultureInfo.InvariantCulture, $"loss {step.Loss:0.000}"),
            TrainingText.TokensPerSecond(step.TokensPerSecond),
            peakTokensPerSecond is { } peak ? TrainingText.Peak(step.TokensPerSecond / peak) : null,
            $"{TrainingText.Clock(clock.TimeLeft(step.Step))} left",
        ];
        return string.Join("  ", parts.Where(part => part is not null));
    }

    private void WriteLines(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            output.WriteLine(line);
        }
    }
}
