using Idiolect.Data;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Generation;

/// <summary>A sequence-to-sequence model, its tokenizer and its languages: what a translation's checkpoint folder holds.</summary>
public sealed class Translator : IDisposable
{
    private const int RowsPerPass = 160; // sources times beams
    private const int SpareTokens = 20; // a translation may have this many tokens more than twice its source

    /// <summary>Joins a model, a tokenizer and languages.</summary>
    /// <param name="model">The model, owned by the new object.</param>
    /// <param name="tokenizer">The tokenizer of both languages; where there are several targets, with <see cref="Tag"/> of each.</param>
    /// <param name="from">The source language.</param>
    /// <param name="to">The target languages.</param>
    /// <exception cref="InvalidDataException">They do not belong together.</exception>
    public Translator(ISequenceToSequence model, Tokenizer tokenizer, string from, IReadOnlyList<string> to)
    {
        ModelVocabulary.Require(tokenizer, model.Config.VocabularySize);
        Languages = new TranslationLanguages(from, to);
        Mark = Languages.Mark(tokenizer);
        (Model, Tokenizer) = (model, tokenizer);
    }

    /// <summary>The model.</summary>
    public ISequenceToSequence Model { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The languages.</summary>
    public TranslationLanguages Languages { get; }

    /// <summary>The source language.</summary>
    public string From => Languages.From;

    /// <summary>The target languages.</summary>
    public IReadOnlyList<string> To => Languages.To;

    /// <summary>The token that ends a sequence and begins a target.</summary>
    public int Mark { get; }

    /// <summary>The most tokens of a sentence that are read.</summary>
    public int LongestSentence => Math.Max(0, Model.Config.MaximumLength - (To.Count > 1 ? 2 : 1)); // beside the tag and the mark

    /// <summary>The special token that says, before a source, which language is wanted (Johnson et al. 2017).</summary>
    /// <param name="language">The target language.</param>
    public static string Tag(string language) => TranslationLanguages.Tag(language);

    /// <summary>Opens a folder that <see cref="Save"/> wrote.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="FileNotFoundException">It holds no translator.</exception>
    /// <exception cref="InvalidDataException">A file is damaged; the message names file and field.</exception>
    public static Translator Load(string folder)
    {
        var languages = TranslationLanguages.Load(folder);
        var tokenizer = Tokenizer.Load(folder);
        return Ownership.HandOver(
            SequenceToSequenceFolder.Load(folder), model => new Translator(model, tokenizer, languages.From, languages.To));
    }

    /// <summary>Whether a folder holds a translator.</summary>
    /// <param name="folder">The folder.</param>
    public static bool IsTranslator(string folder) => TranslationLanguages.Exists(folder);

    /// <summary>Writes model, tokenizer and languages.</summary>
    /// <param name="folder">The folder, made if need be.</param>
    public void Save(string folder)
    {
        Tokenizer.Save(folder);
        SequenceToSequenceFolder.Save(Model, folder);
        Languages.Save(folder);
    }

    /// <summary>Translates sentences; one that is longer than the model takes loses its end, and a blank one has an empty translation.</summary>
    /// <param name="sentences">The sentences.</param>
    /// <param name="to">The target language; null where there is one.</param>
    /// <param name="options">How to search.</param>
    /// <param name="cancellationToken">Ends the work with an exception.</param>
    /// <exception cref="ArgumentException">The language is none of the model's.</exception>
    public IReadOnlyList<string> Translate(
        IReadOnlyList<string> sentences, string? to = null, TranslationOptions? options = null, CancellationToken cancellationToken = default)
        => Translate(sentences, out _, to, options, cancellationToken);

    /// <inheritdoc cref="Translate(IReadOnlyList{string}, string, TranslationOptions, CancellationToken)"/>
    /// <param name="sentences">The sentences.</param>
    /// <param name="truncated">(sentences): whether each is longer than <see cref="LongestSentence"/>, so that only its beginning was read.</param>
    /// <param name="to">The target language; null where there is one.</param>
    /// <param name="options">How to search.</param>
    /// <param name="cancellationToken">Ends the work with an exception.</param>
    public IReadOnlyList<string> Translate(
        IReadOnlyList<string> sentences, out bool[] truncated, string? to = null, TranslationOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new TranslationOptions();
        options.Validate();
        if (to == null ? To.Count > 1 : !To.Contains(to))
        {
            throw new ArgumentException($"the target language must be one of {string.Join(", ", To)}", nameof(to));
        }
        var sources = new int[sentences.Count][];
        truncated = new bool[sentences.Count];
        for (var i = 0; i < sources.Length; i++)
        {
            sources[i] = Source(sentences[i], to ?? To[0], out truncated[i]);
        }
        var results = new string?[sources.Length];
        using var inference = new InferenceTape(options.Threads);
        var search = new BeamSearch(options, Model.Config.VocabularySize, Mark);
        // Sources of one length go together: no padding, and a model that continues one stream can be searched in step.
        foreach (var blank in Enumerable.Range(0, sources.Length).Where(i => string.IsNullOrWhiteSpace(sentences[i])))
        {
            results[blank] = ""; // a model would invent one
        }
        foreach (var group in Enumerable.Range(0, sources.Length).Where(i => results[i] is null).GroupBy(i => sources[i].Length).OrderBy(group => group.Key))
        {
            foreach (var chunk in group.Chunk(Math.Max(1, RowsPerPass / options.Beams)))
            {
                var longest = Math.Min((2 * group.Key) + SpareTokens, Model.Config.MaximumLength);
                var found = Search(search, inference.Tape, [.. chunk.Select(i => sources[i])], options.Beams, longest, cancellationToken);
                for (var i = 0; i < chunk.Length; i++)
                {
                    results[chunk[i]] = Tokenizer.Decode([.. found[i].Where(Tokenizer.Knows)]).Trim();
                }
            }
        }
        return results!;
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    /// <summary>The tokens of a source without the mark: behind the tag of its target language where there are several.</summary>
    internal int[] EncodeSource(string sentence, string to)
        => Languages.EncodeSource(Tokenizer, sentence, to);

    private int[] Source(string sentence, string to, out bool truncated)
    {
        var tokens = EncodeSource(SentencePair.Clean(sentence), to);
        truncated = tokens.Length > Model.Config.MaximumLength - 1; // the tag of the language included, as in LongestSentence
        return [.. tokens.Take(Model.Config.MaximumLength - 1), Mark];
    }

    private int[][] Search(BeamSearch search, Tape tape, int[][] sources, int beams, int longest, CancellationToken cancellationToken)
    {
        int[] tokens = [.. sources.SelectMany(source => source)];
        int[] lengths = [.. sources.Select(source => source.Length)];
        IDecoding begun;
        lock (Model.Parameters.OnePass)
        {
            begun = Model.BeginDecoding(tape, tokens, lengths, beams, longest);
        }
        using var decoding = begun;
        try
        {
            return search.Run(decoding, sources.Length, longest, Model.Parameters.OnePass, cancellationToken);
        }
        catch (AggregateException exception) when (exception.Flatten().InnerExceptions.Any(inner => inner is NotFiniteNumberException))
        {
            const string What = "The score of the next token";
            throw Model is StreamSequenceToSequence stream ? NonFiniteResult.Explain(What, stream.Model) : NonFiniteResult.Explain(What, Model.Parameters);
        }
    }
}
