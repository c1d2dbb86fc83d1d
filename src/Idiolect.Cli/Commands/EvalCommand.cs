using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Recipes;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect eval</c>: measures how well a model predicts a text.</summary>
internal static class EvalCommand
{
    internal static Command Create(Terminal terminal)
    {
        var run = Flag.Run();
        var data = Flag.Data("Text to predict, or - for standard input  [what is piped in; else the run's held-out documents, or sentences]");
        var field = Flag.Field();
        var to = Flag.Text("--to", "Target language to measure, of a translation into several  [all of them]", "LANG");
        var batches = Flag.Count("--batches", "Batches to measure  [all]");
        var threads = Flag.Threads();
        var json = Flag.Json();
        var command = new Command("eval", "Measure how well a model predicts a text") { run, data, field, to, batches, threads, json };
        command.WithExamples(
            "idiolect eval",
            "idiolect eval latest --data book.txt",
            "idiolect eval quiet-harbor --data articles.jsonl --field body --json",
            "idiolect eval babel --to de");
        command.SetAction((parsed, cancellationToken) =>
        {
            var folder = new NamedRuns(RunFolders.DefaultRoot).Find(parsed.GetValue(run));
            if (ModelLocation.Open(folder, IsTranslator))
            {
                Flag.RejectMeaningless(parsed, "a run that translates", [field, batches]);
                return Task.FromResult(MeasureTranslation(
                    folder, parsed.GetValue(data), parsed.GetValue(to), parsed.GetValue(threads) ?? 0, terminal, parsed.GetValue(json), cancellationToken));
            }
            if (parsed.GetValue(to) is not null)
            {
                throw new ArgumentException("--to is for a run that translates, and this one does not");
            }
            var kind = ModelLocation.Open(folder, ModelSummary.Read);
            if (kind.Labels is not null)
            {
                Flag.RejectMeaningless(parsed, "a run that classifies", [field, batches]);
                RequireOwnData(folder, parsed.GetValue(data), "texts", out var recipe);
                using var classifier = ModelLocation.Open(folder, TextClassifier.Load);
                var scores = ClassificationMeasurement.Take(classifier, recipe.LoadLabelledTexts(), parsed.GetValue(threads) ?? 0, cancellationToken);
                if (parsed.GetValue(json))
                {
                    new JsonLines(terminal.Out).Write("done", writer => ClassificationText.Write(writer, scores));
                }
                else
                {
                    WriteRows(ClassificationText.Rows(scores), terminal);
                }
                return Task.FromResult(ExitCode.Success);
            }
            // The text may be read from it again until it is measured.
            using var input = parsed.GetValue(data) is { } named ? StandardInputFile.For([named], terminal, cancellationToken)
                : StandardInputFile.OfPipe(terminal, "measuring what the run held out (--data - waits for it)", cancellationToken);
            if (kind.Architecture == ModelRecipe.Bert)
            {
                var (texts, heldOut, name) = TextToPredict(folder, parsed, input, data, field, cancellationToken);
                using var filler = ModelLocation.Open(folder, MaskedLanguageModel.Load);
                using var tokens = CorpusTokens.Encode(texts, filler.Tokenizer, heldOut, progress: null, cancellationToken);
                var gaps = MaskedMeasurement.Take(
                    filler, tokens, parsed.GetValue(batches) ?? 0, parsed.GetValue(threads) ?? 0, cancellationToken);
                Write(new Measurement(gaps.Result, gaps.Tokens, gaps.Bytes), name, terminal, parsed.GetValue(json));
                return Task.FromResult(ExitCode.Success);
            }
            using var model = ModelLocation.Open(folder, LanguageModel.Load);
            var (corpus, isHeldOut, what) = TextToPredict(folder, parsed, input, data, field, cancellationToken);
            using var dataset = CorpusTokens.Encode(corpus, model.Tokenizer, isHeldOut, progress: null, cancellationToken);
            var measured = Measurement.Take(
                model, dataset, parsed.GetValue(batches) ?? 0, parsed.GetValue(threads) ?? 0, cancellationToken);
            Write(measured, what, terminal, parsed.GetValue(json));
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    // Of a checkpoint that a training beside has just removed nothing can be said.
    private static bool IsTranslator(string model)
        => Translator.IsTranslator(model) || (Directory.Exists(model) ? false : throw new DirectoryNotFoundException($"{model} is gone"));

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
                if (result.Accuracy is { } share)
                {
                    writer.WriteFinite("accuracy", share);
                }
                writer.WriteNumber("tokens", measured.Tokens);
            });
            return;
        }
        terminal.Out.WriteLine($"text           {what}");
        terminal.Out.WriteLine(FormattableString.Invariant($"loss           {result.Loss:0.0000} nats a token"));
        terminal.Out.WriteLine(FormattableString.Invariant($"bits per byte  {result.BitsPerByte:0.0000}"));
        terminal.Out.WriteLine(FormattableString.Invariant($"perplexity     {result.Perplexity:0.00}"));
        if (result.Accuracy is { } right)
        {
            terminal.Out.WriteLine(FormattableString.Invariant($"right          {100 * right:0.0}% of the masked tokens"));
        }
        terminal.Out.WriteLine($"tokens         {ReadableText.Whole(measured.Tokens)}");
    }

    /// <summary>Translates the held-out sentences of the corpus that the run learned from.</summary>
    private static int MeasureTranslation(
        string folder, string? data, string? to, int threads, Terminal terminal, bool json, CancellationToken cancellationToken)
    {
        RequireOwnData(folder, data, "sentences", out var recipe);
        using var translator = ModelLocation.Open(folder, Translator.Load);
        if (to is not null && !translator.To.Contains(to))
        {
            throw new ArgumentException($"this model translates into {string.Join(", ", translator.To)}, not into \"{to}\"{Spelling.DidYouMean(to, translator.To)}");
        }
        var scores = TranslationMeasurement.Take(translator, recipe.LoadPairs(), threads, to, cancellationToken).Scores;
        if (json)
        {
            new JsonLines(terminal.Out).Write("done", writer => TranslationText.Write(writer, scores));
            return ExitCode.Success;
        }
        WriteRows(TranslationText.Rows(scores), terminal);
        return ExitCode.Success;
    }

    /// <exception cref="ArgumentException">Other data were named than the run was trained on.</exception>
    private static void RequireOwnData(string folder, string? data, string what, out Recipe recipe)
    {
        recipe = Run.Open(folder).ReadRecipe();
        if (data is not null && data != recipe.Data.Source && Path.GetFullPath(data) != recipe.Data.Source)
        {
            throw new ArgumentException($"this run is measured on the held-out {what} of its own corpus, {recipe.Data.Source}; leave --data out");
        }
    }

    private static void WriteRows(IEnumerable<(string Name, string Value)> values, Terminal terminal)
    {
        var rows = values.ToArray();
        var width = rows.Max(row => row.Name.Length);
        foreach (var (name, value) in rows)
        {
            terminal.Out.WriteLine($"{name.PadRight(width)}  {value}");
        }
    }

    /// <summary>
    /// The documents and the words for them. Of dotnet-docs and of the text that the run learns from, only what was held out is fair;
    /// any other text is taken whole.
    /// </summary>
    private static (Corpus Corpus, bool HeldOut, string Words) TextToPredict(
        string folder, ParseResult parsed, StandardInputFile? input, Option<string?> dataFlag, Option<string?> field, CancellationToken cancellationToken)
    {
        var data = input is null ? parsed.GetValue(dataFlag) : TextSource.StandardInput;
        var recipe = Run.IsRun(folder) && Run.Open(folder) is { HasRecipe: true } run ? run.ReadRecipe() : null;
        var own = recipe?.Data;
        var source = data ?? own?.Source
            ?? throw new ArgumentException($"{folder} does not say what it was trained on; name a text with --data");
        if (data is null && source == TextSource.StandardInput)
        {
            throw new ArgumentException($"{folder} learned from standard input, which is gone; name a text with --data");
        }
        Flag.RejectField(parsed, field, source);
        if (recipe is not null && (data is null || (data != TextSource.StandardInput && (own!.Source == data || own.Source == Path.GetFullPath(data)))))
        {
            recipe = recipe with { Data = recipe.Data with { TextField = parsed.GetValue(field) ?? recipe.Data.TextField } };
            return HeldOut(recipe.LoadCorpus(progress: null, cancellationToken));
        }
        var options = new CorpusOptions { Field = parsed.GetValue(field) ?? "text", StandardInput = input?.Path };
        return source == Corpus.DotnetDocs
            ? HeldOut(Corpus.Load(source, options with { ValidationFraction = own?.ValidationFraction ?? options.ValidationFraction }, progress: null, cancellationToken))
            : (Corpus.Load(source, options with { ValidationFraction = 0 }, progress: null, cancellationToken), false, source == TextSource.StandardInput ? "standard input" : $"all of {source}");

        (Corpus Corpus, bool HeldOut, string Words) HeldOut(Corpus corpus) => corpus.Validation.Count > 0
            ? (corpus, true, $"held-out documents of {source}")
            : throw new InvalidDataException($"{source} has no held-out documents; name another text with --data");
    }
}
