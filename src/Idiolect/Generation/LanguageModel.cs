using System.Diagnostics;
using System.Runtime.CompilerServices;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Generation;

/// <summary>A piece of a text that is being written.</summary>
/// <param name="Sample">Which of the texts written at once.</param>
/// <param name="Text">What comes next; never half a character.</param>
/// <param name="IsLast">Whether the text ends here.</param>
/// <param name="TokenCount">Tokens of this text so far.</param>
public readonly record struct GeneratedPiece(int Sample, string Text, bool IsLast, int TokenCount);

/// <summary>How long a generation took; filled while it runs.</summary>
public sealed class GenerationStatistics
{
    /// <summary>Tokens of the prompt, in all samples.</summary>
    public int PromptTokens { get; internal set; }

    /// <summary>Seconds until the prompt was read and the first token chosen.</summary>
    public double PromptSeconds { get; internal set; }

    /// <summary>Tokens written, in all samples.</summary>
    public int Tokens { get; internal set; }

    /// <summary>Seconds that writing the tokens after the first took.</summary>
    public double Seconds { get; internal set; }

    /// <summary>Prompt tokens read in a second.</summary>
    public double PromptTokensPerSecond => PromptSeconds > 0 ? PromptTokens / PromptSeconds : 0;

    /// <summary>Tokens written in a second, all samples together.</summary>
    public double TokensPerSecond => Seconds > 0 ? Tokens / Seconds : 0;
}

/// <summary>A model and its tokenizer: what a checkpoint folder holds, ready to write text.</summary>
public sealed class LanguageModel : IDisposable
{
    /// <summary>Joins a model and a tokenizer.</summary>
    /// <param name="model">The model, owned by the new object.</param>
    /// <param name="tokenizer">The tokenizer that made its training text into tokens.</param>
    /// <exception cref="InvalidDataException">The tokenizer knows more tokens than the model.</exception>
    public LanguageModel(ILanguageModel model, Tokenizer tokenizer)
    {
        TokenizedFolder.RequireTogether(tokenizer, model.Config.VocabularySize);
        (Model, Tokenizer) = (model, tokenizer);
    }

    /// <summary>The model.</summary>
    public ILanguageModel Model { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Opens a Hugging Face model folder: config.json, model.safetensors, tokenizer.json.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged or describes a model that is not supported, or that continues no text; the message names file and field.
    /// </exception>
    public static LanguageModel Load(string folder)
    {
        var config = ConfigFile.Open(folder);
        if (ClassifierFolder.LoadLabels(config) is not null)
        {
            throw new InvalidDataException($"{folder} holds a classifier, which continues no text: let it `classify`.");
        }
        var tokenizer = Tokenizer.Load(folder);
        return Ownership.HandOver(ModelFolder.Load(config), model => new LanguageModel(model, tokenizer));
    }

    /// <summary>Writes a Hugging Face model folder.</summary>
    /// <param name="folder">The folder, made if need be.</param>
    public void Save(string folder) => TokenizedFolder.Save(Model, Tokenizer, folder);

    /// <summary>Continues a text, piece by piece.</summary>
    /// <param name="prompt">The beginning; empty to start from nothing.</param>
    /// <param name="options">How to choose and when to stop.</param>
    /// <param name="cancellationToken">Ends the enumeration with an exception.</param>
    public async IAsyncEnumerable<string> GenerateAsync(
        string prompt, GenerationOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        options = (options ?? new GenerationOptions()) with { Samples = 1 };
        await foreach (var piece in GenerateSamplesAsync(prompt, options, null, cancellationToken).ConfigureAwait(false))
        {
            if (piece.Text.Length > 0)
            {
                yield return piece.Text;
            }
        }
    }

    /// <summary>Writes several continuations at once.</summary>
    /// <param name="prompt">The beginning of all; empty to start from nothing.</param>
    /// <param name="options">How to choose, when to stop, how many.</param>
    /// <param name="statistics">Filled while the texts are written.</param>
    /// <param name="cancellationToken">Ends the enumeration with an exception.</param>
    public async IAsyncEnumerable<GeneratedPiece> GenerateSamplesAsync(
        string prompt, GenerationOptions options, GenerationStatistics? statistics = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        options.Validate();
        statistics ??= new GenerationStatistics();
        var start = EncodePrompt(prompt);
        using var generator = new TokenGenerator(Model, start, options);
        var writers = new TextWriter[options.Samples];
        for (var i = 0; i < writers.Length; i++)
        {
            writers[i] = new TextWriter(Tokenizer, Model.Config.EndOfTextIds, options.StopStrings);
        }
        statistics.PromptTokens = start.Length * options.Samples;
        for (var count = 1; count <= options.MaxTokens && writers.Any(writer => !writer.Ended); count++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var watch = Stopwatch.StartNew();
            // The work runs on the pool, so that a caller on a user-interface thread stays free.
            var ids = await Task.Run(() => generator.Next().ToArray(), cancellationToken).ConfigureAwait(false);
            for (var sample = 0; sample < writers.Length; sample++)
            {
                if (!writers[sample].Ended)
                {
                    var text = writers[sample].Write(ids[sample], last: count == options.MaxTokens);
                    statistics.Tokens += count == 1 ? 0 : 1;
                    yield return new GeneratedPiece(sample, text, writers[sample].Ended, count);
                }
            }
            if (count == 1)
            {
                statistics.PromptSeconds = watch.Elapsed.TotalSeconds;
            }
            else
            {
                statistics.Seconds += watch.Elapsed.TotalSeconds;
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    /// <summary>
    /// The prompt's tokens behind the token that begins a text. Where the vocabulary has no such token, an empty prompt
    /// becomes a line feed, as in nanoGPT, or the first token where even that is unknown.
    /// </summary>
    private int[] EncodePrompt(string prompt)
    {
        if (Tokenizer.BeginningOfTextId is { } beginning)
        {
            return [beginning, .. Tokenizer.Encode(prompt)];
        }
        if (prompt.Length > 0)
        {
            return Tokenizer.Encode(prompt);
        }
        try
        {
            return Tokenizer.Encode("\n");
        }
        catch (ArgumentException)
        {
            return [0];
        }
    }

    /// <summary>Turns the tokens of one text into its pieces.</summary>
    private sealed class TextWriter(Tokenizer tokenizer, IReadOnlyList<int> ends, IReadOnlyList<string> stopStrings)
    {
        private readonly StreamingDecoder _decoder = tokenizer.CreateDecoder();
        private readonly StopScanner _scanner = new(stopStrings);

        internal bool Ended { get; private set; }

        internal string Write(int id, bool last)
        {
            // An id that the tokenizer does not know (a gap, or padding of the vocabulary) stands for nothing.
            var isEnd = id == tokenizer.BeginningOfTextId || id == tokenizer.EndOfTextId || ends.Contains(id);
            var text = isEnd || !tokenizer.Knows(id) ? "" : _scanner.Push(_decoder.Append(id));
            if (isEnd || last)
            {
                text += _scanner.Push(_decoder.Flush());
                text += _scanner.Flush();
            }
            Ended = isEnd || last || _scanner.Stopped;
            return text;
        }
    }
}
