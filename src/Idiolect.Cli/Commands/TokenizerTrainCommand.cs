using System.CommandLine;
using System.Diagnostics;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Data;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect tokenizer train</c>: learns a byte-level BPE vocabulary.</summary>
internal static class TokenizerTrainCommand
{
    /// <summary>What <c>tokenizer train</c> was asked for.</summary>
    internal sealed record Request
    {
        public required string Data { get; init; }

        public required string Field { get; init; }

        public required int VocabularySize { get; init; }

        /// <summary><c>gpt2</c> or <c>gpt4</c>.</summary>
        public required string Pattern { get; init; }

        public required IReadOnlyList<string> Special { get; init; }

        /// <summary>The folder to write tokenizer.json into.</summary>
        public required string Folder { get; init; }

        public int? Threads { get; init; }
    }

    /// <param name="VocabularySize">Fewer than asked for when the text holds no more pairs.</param>
    /// <param name="BytesPerToken">On the text learnt from.</param>
    /// <param name="Time">Without reading the text.</param>
    internal sealed record Result(int VocabularySize, double BytesPerToken, TimeSpan Time);

    internal static Command Create(Terminal terminal)
    {
        var data = Flag.Data("Text to learn from  [dotnet-docs]");
        var field = Flag.Field();
        var vocabulary = new NumberOption<int>("--vocab", "Tokens, the 256 bytes and the special ones included  [4096]", 257, 1_000_000);
        var pattern = new ChoiceOption("--pattern", "How text is split before merging  [gpt2]", ["gpt2", "gpt4"]);
        var special = new Option<string[]>("--special")
        {
            Description = "A special token; may be given several times  [<|endoftext|>]", HelpName = "TOKEN",
        };
        var folder = Flag.Text("--out", "Folder for tokenizer.json and tokenizer_config.json  [the current one]", "DIR");
        var threads = Flag.Threads();
        var json = Flag.Json();
        var command = new Command("train", "Learn a byte-level BPE vocabulary")
        {
            data, field, vocabulary, pattern, special, folder, threads, json,
        };
        command.WithExamples(
            "idiolect tokenizer train",
            "idiolect tokenizer train --data book.txt --vocab 1000 --out book");
        command.SetAction((parsed, cancellationToken) =>
        {
            var request = new Request
            {
                Data = parsed.GetValue(data) ?? "dotnet-docs",
                Field = parsed.GetValue(field) ?? "text",
                VocabularySize = parsed.GetValue(vocabulary) ?? 4096,
                Pattern = parsed.GetValue(pattern) ?? "gpt2",
                Special = parsed.GetValue(special) is { Length: > 0 } tokens ? tokens : ["<|endoftext|>"],
                Folder = parsed.GetValue(folder) ?? ".",
                Threads = parsed.GetValue(threads),
            };
            Flag.RejectField(parsed, field, request.Data);
            Write(Train(request, terminal, cancellationToken), Path.Combine(request.Folder, "tokenizer.json"), terminal, parsed.GetValue(json));
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }

    internal static void Write(Result result, string file, Terminal terminal, bool json)
    {
        if (json)
        {
            new JsonLines(terminal.Out).Write("done", writer =>
            {
                writer.WriteString("tokenizer", file);
                writer.WriteNumber("vocab", result.VocabularySize);
                writer.WriteFinite("bytesPerToken", result.BytesPerToken);
                writer.WriteFinite("seconds", result.Time.TotalSeconds);
            });
            return;
        }
        terminal.Out.WriteLine(FormattableString.Invariant(
            $"{file}: {result.VocabularySize} tokens, {result.BytesPerToken:0.00} bytes a token, learnt in {result.Time.TotalSeconds:0.0} s"));
    }

    private static Result Train(Request request, Terminal terminal, CancellationToken cancellationToken)
    {
        var trainer = new BytePairTrainer(new BytePairTrainerOptions
        {
            VocabularySize = request.VocabularySize,
            PreTokenizer = request.Pattern == "gpt4" ? PreTokenizer.Gpt4 : PreTokenizer.Gpt2,
            SpecialTokens = request.Special,
            Threads = request.Threads ?? Environment.ProcessorCount,
        });
        using var input = StandardInputFile.For([request.Data], terminal, cancellationToken);
        var corpus = Corpus.Load(
            request.Data, new CorpusOptions { Field = request.Field, ValidationFraction = 0, StandardInput = input?.Path }, progress: null, cancellationToken);
        var texts = corpus.TokenizerSample().Select(document => document.Text);
        var watch = Stopwatch.StartNew();
        var tokenizer = trainer.Train(texts, progress: null, cancellationToken);
        var time = watch.Elapsed;
        using var data = TrainingData.Encode(corpus, tokenizer, progress: null, cancellationToken);
        tokenizer.Save(request.Folder);
        var tokens = data.Training.TokenCount - (tokenizer.BeginningOfTextId is null ? 0 : corpus.Training.Count); // without the separators, which stand for no text
        return new Result(tokenizer.VocabularySize, (double)corpus.TrainingBytes / Math.Max(1, tokens), time);
    }
}
