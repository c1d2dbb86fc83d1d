using System.Globalization;

using Idiolect.Recipes;
using Idiolect.Training;

using Spectre.Console;
using Spectre.Console.Rendering;

namespace Idiolect.Cli.Output;

/// <summary>For a person at a terminal: a progress bar at the bottom, evaluations and samples above it, a table at the end.</summary>
internal sealed class LiveTrainingOutput(IAnsiConsole console, TimeProvider time) : ITrainingOutput
{
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromMilliseconds(125);

    private readonly TrainingClock clock = new(time);
    private ProgressContext? context;
    private ProgressTask? bar;
    private StepCompleted? last;
    private TrainingFinished? result;
    private double? peakTokensPerSecond;
    private long refreshed;

    public async Task RunAsync(Func<Task> work)
    {
        await console.Progress()
            .AutoRefresh(false) // no thread of its own beside the training's
            .AutoClear(true)
            .Columns(Columns())
            .StartAsync(async progress =>
            {
                context = progress;
                await work().ConfigureAwait(false);
            }).ConfigureAwait(false);
        context = null;
        if (result is not null)
        {
            WriteResult(result); // where the bar was
        }
    }

    public void Report(TrainingProgress value)
    {
        switch (value)
        {
            case WorkAnnounced work:
                WriteAbove(work.What, Color.Grey);
                break;
            case FileSkipped file:
                WriteAbove(TrainingText.Skipped(file), Color.Yellow);
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
                WriteLines(TrainingText.Start(started));
                bar = context?.AddTask("training", maxValue: started.Recipe.Optimizer.Steps);
                bar?.Value = started.Step;
                break;
            case StepCompleted step:
                last = step;
                bar?.Value = step.Step;
                if (time.GetElapsedTime(refreshed) >= RefreshInterval)
                {
                    refreshed = time.GetTimestamp();
                    context?.Refresh();
                }
                break;
            case EvaluationCompleted evaluation:
                WriteAbove(TrainingText.Evaluation(evaluation), evaluation.IsBest ? Color.Green : Style.Plain);
                break;
            case TextSampled sample:
                WriteAbove(ReadableText.Printable(sample.Text), Color.Grey, new Padding(2, 0, 0, 1));
                break;
            case StepSkipped skipped:
                WriteAbove(TrainingText.Skipped(skipped), Color.Yellow);
                break;
            case MetricsDamaged metrics:
                WriteAbove(TrainingText.Damaged(metrics.Lines), Color.Yellow);
                break;
            case CheckpointDamaged damaged:
                WriteAbove(TrainingText.Damaged(damaged), Color.Yellow);
                break;
            case RunChanged changed:
                WriteAbove(TrainingText.Changed(changed), Color.Yellow);
                break;
            case TrainingFinished finished:
                result = finished;
                break;
        }
    }

    private void WriteResult(TrainingFinished finished)
    {
        var table = new Table { Border = TableBorder.Rounded, ShowHeaders = false };
        table.AddColumns("", "");
        foreach (var (name, value) in TrainingText.Result(finished))
        {
            table.AddRow(new Text(name), new Text(value));
        }
        console.Write(table);
        // Neither expanded nor wrapped: the bar is gone, and commands are copied from here.
        foreach (var line in TrainingText.Next(finished))
        {
            console.Profile.Out.Writer.WriteLine(line);
        }
    }

    private void WriteLines(IEnumerable<string> lines)
    {
        foreach (var line in lines)
        {
            WriteAbove(line, Style.Plain);
        }
    }

    // Expanded: the lines overwrite the bar, and a short one would leave a part of it standing.
    private void WriteAbove(string text, Style style, Padding? padding = null)
        => console.Write(new Padder(new Text(text, style), padding ?? new Padding(0)).Expand());

    // What a narrow terminal cannot hold is left out, the least needed first.
    private ProgressColumn[] Columns()
    {
        var width = console.Profile.Width;
        var loss = new StepColumn(() => last is null ? "" : string.Create(CultureInfo.InvariantCulture, $"loss {last.Loss:0.000}"), 10);
        var left = new StepColumn(() => last is null ? "" : $"{TrainingText.Clock(clock.TimeLeft(last.Step))} left", 10);
        var speed = new StepColumn(() => last is null ? "" : TrainingText.TokensPerSecond(last.TokensPerSecond), 16);
        var peak = new StepColumn(() => TrainingText.Peak(last?.TokensPerSecond / peakTokensPerSecond), 12);
        var bar = new ProgressBarColumn { Width = Math.Clamp(width / 4, 5, 40) };
        return width switch
        {
            < 40 => [new PercentageColumn(), loss],
            < 60 => [bar, new PercentageColumn(), loss],
            < 90 => [bar, new PercentageColumn(), loss, speed, left],
            _ => [bar, new PercentageColumn(), loss, speed, peak, left],
        };
    }

    private sealed class StepColumn(Func<string> text, int width) : ProgressColumn
    {
        protected override bool NoWrap => true;

        public override int? GetColumnWidth(RenderOptions options) => width;

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(text()).RightJustified();
    }
}
