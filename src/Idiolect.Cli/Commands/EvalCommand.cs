using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Data;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect eval</c>: measures how well a model predicts a text.</summary>
internal static class EvalCommand
{
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
        command.SetAction((parsed, cancellationToken) =>
        {
            var folder = new RunFolders(RunFolders.DefaultRoot).Find(parsed.GetValue(run));
            using var model = ModelLocation.Load(folder);
            var (documents, what) = TextToPredict(folder, parsed.GetValue(data), parsed.GetValue(field));
            using var dataset = TokenDataset.Encode(
                documents, part => model.Tokenizer.Encode(part), model.Tokenizer.VocabularySize, model.Tokenizer.BeginningOfTextId,
                cancellationToken: cancellationToken);
            var measured = Measurement.Take(
                model, dataset, parsed.GetValue(batches) ?? 0, parsed.GetValue(threads) ?? 0, cancellationToken);
            Write(measured, what, terminal, parsed.GetValue(json));
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    internal static void Write(Measurement measured, string what, Terminal terminal, bool json)
    {
        var result = measured.Result;
        if (json)
        {
            new JsonLines(terminal.Out).Write("done", writer =>
            {
                writer.WriteFinite("loss", result.Loss);
                writer.WriteFinite("bitsPerByte", result.BitsPerByte);
                writer.WriteFinite("perplexity", result.Perplexity);
                writer.WriteNumber("tokens", measured.Tokens);
            });
            return;
        }
        terminal.Out.WriteLine($"text           {what}");
        terminal.Out.WriteLine(FormattableString.Invariant($"loss           {result.Loss:0.0000} nats a token"));
        terminal.Out.WriteLine(FormattableString.Invariant($"bits per byte  {result.BitsPerByte:0.0000}"));
        terminal.Out.WriteLine(FormattableString.Invariant($"perplexity     {result.Perplexity:0.00}"));
        terminal.Out.WriteLine($"tokens         {TrainingText.Whole(measured.Tokens)}");
    }

    /// <summary>
    /// The documents and the words for them. Of dotnet-docs and of the text that the run learns from, only what was held out is fair;
    /// any other text is taken whole.
    /// </summary>
    private static (IReadOnlyList<Document> Documents, string Words) TextToPredict(string folder, string? data, string? field)
    {
        var setup = File.Exists(Path.Combine(folder, RunFile.Setup)) ? RunFile.ReadSetup(folder) : null;
        var source = data ?? setup?.Data
            ?? throw new ArgumentException($"{folder} does not say what it was trained on; name a text with --data");
        var isOwn = setup is not null && (data is null || setup.Data == data || setup.Data == Path.GetFullPath(data));
        var options = new CorpusOptions { Field = field ?? (isOwn ? setup!.Field : "text") };
        if (isOwn || source == Corpus.DotnetDocs)
        {
            var corpus = Corpus.Load(source, options with { ValidationFraction = setup?.ValidationFraction ?? options.ValidationFraction });
            return corpus.Validation.Count > 0
                ? (corpus.Validation, $"held-out documents of {source}")
                : throw new InvalidDataException($"{source} has no held-out documents; name another text with --data");
        }
        return (Corpus.Load(source, options with { ValidationFraction = 0 }).Training, $"all of {source}");
    }
}
