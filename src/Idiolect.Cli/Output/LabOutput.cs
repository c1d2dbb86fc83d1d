using Idiolect.Lab;

using Spectre.Console;

namespace Idiolect.Cli.Output;

/// <summary>Shows the laboratory's news; counts the verdicts.</summary>
internal abstract class LabOutput(Terminal terminal) : IProgress<LabProgress>
{
    private readonly Dictionary<Verdict, int> counts = [];

    protected Terminal Terminal => terminal;

    internal static LabOutput Create(Terminal terminal, bool json)
        => json ? new Json(terminal) : terminal.Live ? new Live(terminal) : new Plain(terminal);

    public void Report(LabProgress value)
    {
        switch (value)
        {
            case ExperimentAdvanced advanced:
                Advance(advanced);
                break;
            case SeedKept kept:
                Keep(kept);
                break;
            case ExperimentFinished finished:
                counts[finished.Result.Verdict] = Count(finished.Result.Verdict) + 1;
                Write(finished.Result);
                break;
        }
    }

    /// <summary>Says how long it takes.</summary>
    internal virtual void Start(IReadOnlyList<Experiment> experiments, bool quick)
    {
        var what = experiments.Count == 1 ? experiments[0].Protocol.Name : $"{experiments.Count} experiments";
        terminal.Out.WriteLine(quick
            ? $"{what} at a cut-down size, one seed: tries the machinery, proves nothing"
            : FormattableString.Invariant($"{what}: about {experiments.Sum(experiment => experiment.Protocol.Minutes):0.#} minutes on two idle cores; what is stopped goes on with the same command"));
    }

    internal virtual Task RunAsync(Func<Task> work) => work();

    internal virtual void Finish(string folder)
    {
        terminal.Out.WriteLine($"{Count(Verdict.Shown)} shown, {Count(Verdict.Refuted)} refuted, {Count(Verdict.Undecided)} undecided");
        terminal.Out.WriteLine($"report: {Path.Combine(folder, "report.html")}");
    }

    protected int Count(Verdict verdict) => counts.GetValueOrDefault(verdict);

    protected virtual void Advance(ExperimentAdvanced news)
    {
    }

    protected virtual void Keep(SeedKept news) => terminal.Out.WriteLine($"{news.Name}: seed {news.Seed} is finished already (--again runs it once more)");

    protected virtual void Write(ExperimentResult result) => terminal.Out.WriteLine(LabText.Line(result));

    private sealed class Plain(Terminal terminal) : LabOutput(terminal);

    private sealed class Json(Terminal terminal) : LabOutput(terminal)
    {
        internal override void Start(IReadOnlyList<Experiment> experiments, bool quick) => new JsonLines(Terminal.Out).Write("start", writer =>
        {
            writer.WriteNumber("experiments", experiments.Count);
            writer.WriteNumber("minutes", experiments.Sum(experiment => experiment.Protocol.Minutes));
        });

        internal override void Finish(string folder) => new JsonLines(Terminal.Out).Write("done", writer =>
        {
            writer.WriteNumber("shown", Count(Verdict.Shown));
            writer.WriteNumber("refuted", Count(Verdict.Refuted));
            writer.WriteNumber("undecided", Count(Verdict.Undecided));
            writer.WriteNumber("total", Count(Verdict.Shown) + Count(Verdict.Refuted) + Count(Verdict.Undecided));
        });

        protected override void Keep(SeedKept news) => new JsonLines(Terminal.Out).Write("kept", writer =>
        {
            writer.WriteString("name", news.Name);
            writer.WriteNumber("seed", news.Seed);
        });

        protected override void Write(ExperimentResult result) => new JsonLines(Terminal.Out).Write("verdict", writer =>
        {
            writer.WriteString("name", result.Name);
            writer.WriteString("verdict", LabText.Word(result.Verdict));
            writer.WriteBoolean("shown", result.Verdict == Verdict.Shown);
            writer.WriteFinite("value", result.Value);
            writer.WriteFinite("threshold", result.Threshold);
            writer.WriteFinite("seconds", result.Seconds);
        });
    }

    /// <summary>A bar for the experiment that runs, verdicts above it.</summary>
    private sealed class Live(Terminal terminal) : LabOutput(terminal)
    {
        private static readonly TimeSpan RefreshInterval = TimeSpan.FromMilliseconds(125);

        private readonly IAnsiConsole console = terminal.CreateConsole();
        private ProgressContext? context;
        private ProgressTask? bar;
        private long refreshed;

        internal override async Task RunAsync(Func<Task> work)
        {
            await console.Progress()
                .AutoRefresh(false) // no thread of its own beside the experiment's
                .AutoClear(true)
                .Columns(new TaskDescriptionColumn(), new ProgressBarColumn { Width = Math.Clamp(console.Profile.Width / 4, 5, 40) }, new PercentageColumn())
                .StartAsync(async progress =>
                {
                    context = progress;
                    await work().ConfigureAwait(false);
                }).ConfigureAwait(false);
            context = null;
        }

        protected override void Advance(ExperimentAdvanced news)
        {
            bar ??= context?.AddTask(news.Name, maxValue: 1);
            if (bar is null || TimeProvider.System.GetElapsedTime(refreshed) < RefreshInterval)
            {
                return;
            }
            refreshed = TimeProvider.System.GetTimestamp();
            bar.Description = news.Name;
            bar.Value = Math.Min(news.Fraction, 0.999); // a finished bar would end the display
            context?.Refresh();
        }

        protected override void Keep(SeedKept news)
            => console.Write(new Text($"{news.Name}: seed {news.Seed} is finished already (--again runs it once more)\n"));

        protected override void Write(ExperimentResult result)
            => console.Write(new Text(LabText.Line(result) + "\n", result.Verdict == Verdict.Shown ? Color.Green : Style.Plain));
    }
}
