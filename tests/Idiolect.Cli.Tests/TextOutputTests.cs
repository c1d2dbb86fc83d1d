using Idiolect.Cli.Output;
using Idiolect.Generation;
using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Cli.Tests;

public sealed class TextOutputTests
{
    [Fact]
    public void A_pipe_gets_plain_lines()
    {
        var output = new StringWriter { NewLine = "\n" };
        var plain = new PlainTrainingOutput(output, TimeProvider.System);

        foreach (var value in Events.Run())
        {
            plain.Report(value);
        }

        var text = output.ToString();
        Assert.DoesNotContain('\e', text);
        Assert.Contains("1,234,567 parameters: llama, 4 layers, 4 heads (2 for keys and values), width 128, context 128\n", text, StringComparison.Ordinal);
        Assert.Contains("300 steps of 2,048 tokens (0.31 epochs), fp32, 2 threads\n", text, StringComparison.Ordinal);
        Assert.Contains("  | Gets the\n  | value\uFFFD[31m.\n", text, StringComparison.Ordinal);
        Assert.Contains("validation loss    2.1337 nats a token\n", text, StringComparison.Ordinal);
        Assert.Contains("beside it: xz      1.5500 bits per byte\n", text, StringComparison.Ordinal);
        Assert.Contains("beside it: n-gram  not measured: too long\n", text, StringComparison.Ordinal);
        Assert.EndsWith("  idiolect generate runs/quiet-harbor\n  idiolect train --resume runs/quiet-harbor --steps 600\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_without_held_out_text_says_so()
    {
        var output = new StringWriter { NewLine = "\n" };

        new PlainTrainingOutput(output, TimeProvider.System).Report(Events.Started() with { ValidationTokens = 0 });

        Assert.Contains("\nno text is held out, so there will be no validation loss: ", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_line_comes_only_every_few_seconds()
    {
        var output = new StringWriter { NewLine = "\n" };
        var time = new ManualTime();
        var plain = new PlainTrainingOutput(output, time);

        plain.Report(Events.Started());
        for (var step = 1; step <= 250; step++)
        {
            time.Advance(TimeSpan.FromMilliseconds(100));
            plain.Report(Events.Step(step, 3));
        }

        var lines = output.ToString().Split('\n').Where(line => line.StartsWith("step ", StringComparison.Ordinal)).ToArray();
        Assert.Equal(
            [
                "step 1/300  loss 3.000  40,960 tokens/s  62% of peak  0:29 left",
                "step 101/300  loss 3.000  40,960 tokens/s  62% of peak  0:19 left",
                "step 201/300  loss 3.000  40,960 tokens/s  62% of peak  0:09 left",
            ], lines);
    }

    [Fact]
    public void An_interrupted_run_ends_with_the_command_that_continues()
    {
        var output = new StringWriter { NewLine = "\n" };

        new PlainTrainingOutput(output, TimeProvider.System).Report(Events.Finished(interrupted: true));

        Assert.EndsWith(
            "interrupted after step 300 and saved; to go on:\n  idiolect train --resume runs/quiet-harbor\n", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/tmp/a_1/b-2.c:=+", "/tmp/a_1/b-2.c:=+")]
    [InlineData("runs/my run", "'runs/my run'")]
    [InlineData("runs/it's", @"'runs/it'\''s'")]
    [InlineData("runs/$HOME;(a)&*\"b\"", "'runs/$HOME;(a)&*\"b\"'")]
    public void A_command_quotes_a_path_for_the_shell(string run, string expected)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "quotes for a POSIX shell");
        Assert.Equal($"idiolect train --resume {expected}", TrainingText.ResumeCommand(run));
    }

    [Fact]
    public async Task A_narrow_terminal_does_not_break_a_command()
    {
        var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, 40, live: true);
        var live = new LiveTrainingOutput(terminal.CreateConsole(), new ManualTime());

        await live.RunAsync(() =>
        {
            live.Report(Events.Finished());
            return Task.CompletedTask;
        });

        Assert.Contains("\n  idiolect train --resume runs/quiet-harbor --steps 600\n", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_ended_early_is_not_told_to_take_more_steps()
    {
        var output = new StringWriter { NewLine = "\n" };

        new PlainTrainingOutput(output, TimeProvider.System).Report(Events.Finished() with { Reason = EndReason.EarlyStop });

        Assert.EndsWith("next:\n  idiolect generate runs/quiet-harbor\n", output.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(30)]
    [InlineData(40)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(120)]
    public async Task A_live_line_never_exceeds_the_terminal(int width)
    {
        var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, width, live: true);
        var time = new ManualTime();
        var live = new LiveTrainingOutput(terminal.CreateConsole(), time);

        await live.RunAsync(() =>
        {
            foreach (var value in Events.Run())
            {
                time.Advance(TimeSpan.FromMilliseconds(50));
                live.Report(value);
            }
            return Task.CompletedTask;
        });

        var text = output.ToString();
        var lines = WithoutEscapes(text).Split('\n', '\r');
        Assert.Contains(lines, line => line.Contains("loss 2.", StringComparison.Ordinal) && line.Contains('%'));
        Assert.All(lines.TakeWhile(line => line != "next:"), line => Assert.InRange(line.TrimEnd().Length, 0, width));
        Assert.DoesNotContain("\e[31m", text, StringComparison.Ordinal); // what the model writes cannot steer the terminal
        Assert.Equal(text.LastIndexOf("\e[?25", StringComparison.Ordinal), text.LastIndexOf("\e[?25h", StringComparison.Ordinal)); // cursor shown again
    }

    [Fact]
    public async Task A_line_above_the_bar_covers_all_of_it()
    {
        var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, 40, live: true);
        var live = new LiveTrainingOutput(terminal.CreateConsole(), new ManualTime());

        await live.RunAsync(() =>
        {
            live.Report(Events.Started());
            live.Report(Events.Step(1, 3));
            live.Report(new WorkAnnounced(1, "measuring"));
            return Task.CompletedTask;
        });

        Assert.Contains(WithoutEscapes(output.ToString()).Split('\n', '\r'), line => line == "measuring".PadRight(40));
    }

    [Fact]
    public void Text_of_several_samples_has_headings()
    {
        var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, 80, live: false);
        var generation = new GenerationOutput(terminal, json: false, ["Once"], samples: 2);

        generation.Begin();
        generation.Append(Piece(0, " upon"));
        generation.Append(Piece(1, " more"));
        generation.Append(Piece(0, " a", FinishReason.StopString));
        generation.Append(Piece(1, ".", FinishReason.MaxTokens));
        generation.Done(1, 1);

        Assert.Equal("--- 1 ---\nOnce upon a\n\n--- 2 ---\nOnce more.\n", output.ToString(), ignoreLineEndingDifferences: true);
    }

    private static GeneratedPiece Piece(int sample, string text, FinishReason? reason = null)
        => new() { Prompt = 0, Sample = sample, Text = text, TokenIds = [1], TokenCount = 1, FinishReason = reason };

    private static string WithoutEscapes(string text) =>
        System.Text.RegularExpressions.Regex.Replace(text, @"\e\[[0-9;?]*[A-Za-z]", "");

    /// <summary>A clock that stands until it is told to go.</summary>
    private sealed class ManualTime : TimeProvider
    {
        private TimeSpan now = TimeSpan.FromHours(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => now.Ticks;

        internal void Advance(TimeSpan time) => now += time;
    }
}
