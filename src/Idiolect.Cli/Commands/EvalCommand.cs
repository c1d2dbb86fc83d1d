using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect eval</c>: measures how well a model predicts a text.</summary>
internal static class EvalCommand
{
    /// <summary>The measures of one text under one model.</summary>
    /// <param name="Loss">Nats a token.</param>
    /// <param name="BitsPerByte">Comparable between tokenizers.</param>
    /// <param name="Tokens">Predicted.</param>
    internal sealed record Result(double Loss, double BitsPerByte, long Tokens)
    {
        internal double Perplexity => Math.Exp(Loss);
    }

    internal static Command Create(Terminal terminal)
    {
        var run = Flag.Run();
        var data = Flag.Data("Text to predict  [the run's held-out documents]");
        var field = Flag.Field();
        var batches = Flag.Count("--batches", "Batches to measure  [all]");
        var threads = Flag.Threads();
        var json = Flag.Json();
        var command = new Command("eval", "Measure how well a model predicts a text") { run, data, field, batches, threads, json };
        command.WithExamples(
            "idiolect eval",
            "idiolect eval latest --data book.txt",
            "idiolect eval quiet-harbor --data articles.jsonl --field body --json");
        command.SetAction(parsed =>
        {
            var folder = new RunFolders(RunFolders.DefaultRoot).Find(parsed.GetValue(run));
            var result = Evaluate(
                folder, parsed.GetValue(data), parsed.GetValue(field), parsed.GetValue(batches), parsed.GetValue(threads));
            Write(result, terminal, parsed.GetValue(json));
            return ExitCode.Success;
        });
        return command;
    }

    internal static void Write(Result result, Terminal terminal, bool json)
    {
        if (json)
        {
            new JsonLines(terminal.Out).Write("done", writer =>
            {
                writer.WriteFinite("loss", result.Loss);
                writer.WriteFinite("bitsPerByte", result.BitsPerByte);
                writer.WriteFinite("perplexity", result.Perplexity);
                writer.WriteNumber("tokens", result.Tokens);
            });
            return;
        }
        terminal.Out.WriteLine(FormattableString.Invariant($"loss           {result.Loss:0.0000} nats a token"));
        terminal.Out.WriteLine(FormattableString.Invariant($"bits per byte  {result.BitsPerByte:0.0000}"));
        terminal.Out.WriteLine(FormattableString.Invariant($"perplexity     {result.Perplexity:0.00}"));
        terminal.Out.WriteLine($"tokens         {TrainingText.Whole(result.Tokens)}");
    }

    private static Result Evaluate(string folder, string? data, string? field, int? batches, int? threads)
    {
        // Connection point: load the model and the corpus, measure.
        _ = (data, field, batches, threads);
        throw new NotSupportedException($"this build holds no engine to evaluate {folder} with");
    }
}
