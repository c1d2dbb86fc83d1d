using System.CommandLine;

using Idiolect.Data;
using Idiolect.Recipes;
using Idiolect.Tokenization;

namespace Idiolect.Cli.Options;

/// <summary>What the verbs of <c>idiolect data</c> read, and by which tokenizer.</summary>
/// <param name="tokens">Whether they need one.</param>
internal sealed class DataFlags(bool tokens = true)
{
    private readonly Argument<string[]> sources = new("SOURCE")
    {
        Description = "A file, folder or glob, - for standard input (plain text), or dotnet-docs", HelpName = "SOURCE", Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<string?> textField = Flag.Field();
    private readonly Option<string?> separator = Flag.Text("--separator", "What stands between documents, or blank-lines  [each file is one document]", "TEXT");
    private readonly ChoiceOption encoding = new("--encoding", "Read bytes as these characters  [UTF-8, or what a byte order mark says]", [CorpusOptions.Latin1]);
    private readonly Option<bool> skipBad = new("--skip-bad") { Description = "Pass over files that cannot be read, and say which" };
    private readonly Option<string?> tokenizer = Flag.Text("--tokenizer", "How text becomes tokens; bpe is trained on it; FILE is a tokenizer.json  [bpe]", "bpe|char|byte|FILE");
    private readonly NumberOption<int> vocabulary = new("--vocab", "Size of the vocabulary of the bpe tokenizer  [4096]", 257, 1_000_000);

    /// <summary>A command with these and some of its own.</summary>
    internal Command Command(string name, string description, params IEnumerable<Option> own)
    {
        var command = new Command(name, description) { sources };
        if (tokens)
        {
            sources.Validators.Add(Flag.RejectWeights);
        }
        foreach (var option in new Option[] { textField, separator, encoding, skipBad }.Concat(tokens ? [tokenizer, vocabulary] : []).Concat(own))
        {
            command.Add(option);
        }
        return command;
    }

    /// <summary>Reads the text and loads or trains the tokenizer, and does something with both.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="terminal">Has standard input.</param>
    /// <param name="progress">Told how far reading is.</param>
    /// <param name="work">What is done.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    internal void Read(
        ParseResult parsed, Terminal terminal, IProgress<DataProgress> progress, Action<Corpus, Tokenizer> work, CancellationToken cancellationToken)
    {
        var names = Names(parsed);
        using var input = StandardInputFile.For(names, terminal, cancellationToken);
        var recipe = Recipe.Preset(Recipe.DefaultPreset);
        recipe = recipe with
        {
            Data = recipe.Data with
            {
                Source = names[0],
                MoreSources = names.Length > 1 ? names[1..] : null,
                TextField = parsed.GetValue(textField) ?? recipe.Data.TextField,
                Separator = parsed.GetValue(separator) is { } text ? TrainingFlags.Unescape(text) : null,
                Encoding = parsed.GetValue(encoding),
                SkipBad = parsed.GetValue(skipBad),
                StandardInput = input?.Path,
            },
            Tokenizer = recipe.Tokenizer with
            {
                Kind = parsed.GetValue(tokenizer) ?? recipe.Tokenizer.Kind,
                VocabularySize = parsed.GetValue(vocabulary) ?? recipe.Tokenizer.VocabularySize,
            },
        };
        var corpus = recipe.LoadWholeCorpus(progress, cancellationToken);
        work(corpus, recipe.CreateTokenizer(corpus, cancellationToken));
    }

    /// <summary>Reads the documents alone, as often as they are asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="terminal">Has standard input.</param>
    /// <param name="work">What is done with the documents, the files they come from, and how those are read.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    internal void Read(
        ParseResult parsed, Terminal terminal, Action<IEnumerable<Document>, IReadOnlyList<TextSource>, CorpusOptions> work, CancellationToken cancellationToken)
    {
        var names = Names(parsed);
        using var input = StandardInputFile.For(names, terminal, cancellationToken);
        var options = new CorpusOptions
        {
            Separator = parsed.GetValue(separator) is { } text ? TrainingFlags.Unescape(text) : null,
            Encoding = parsed.GetValue(encoding),
            SkipBad = parsed.GetValue(skipBad),
            StandardInput = input?.Path,
        };
        options = parsed.GetValue(textField) is { } field ? options with { Field = field } : options;
        var files = new List<TextSource>();
        IEnumerable<Document> documents = [];
        foreach (var name in names)
        {
            if (name == Corpus.DotnetDocs)
            {
                documents = documents.Concat(Corpus.Load(name, options with { ValidationFraction = 0 }, cancellationToken: cancellationToken).Training);
                continue;
            }
            var source = TextSource.Open(name, options);
            files.Add(source);
            documents = documents.Concat(source.Read());
        }
        work(documents, files, options);
    }

    private string[] Names(ParseResult parsed)
    {
        var names = parsed.GetValue(sources) ?? [];
        if (names is [var only])
        {
            Flag.RejectField(parsed, textField, WeightedSource.Parse(only).Source);
        }
        return names;
    }
}
