using System.Runtime.CompilerServices;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Generation;

/// <summary>A model and its tokenizer: what a checkpoint folder holds, ready to write text.</summary>
public sealed class LanguageModel : IDisposable
{
    /// <summary>Joins a model and a tokenizer.</summary>
    /// <param name="model">The model, owned by the new object.</param>
    /// <param name="tokenizer">The tokenizer that made its training text into tokens.</param>
    /// <exception cref="InvalidDataException">The tokenizer knows more tokens than the model.</exception>
    public LanguageModel(ILanguageModel model, Tokenizer tokenizer)
    {
        ModelVocabulary.Require(tokenizer, model.Config.VocabularySize);
        (Model, Tokenizer) = (model, tokenizer);
    }

    /// <summary>The model.</summary>
    public ILanguageModel Model { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>
    /// How the model is meant to write, as its folder's generation_config.json says. Its end-of-text tokens hold in every call; the rest in those that
    /// are given no options, and <see cref="GenerationDefaults.Over"/> brings it into options of one's own.
    /// </summary>
    public GenerationDefaults GenerationDefaults { get; init; } = new();

    /// <summary>Opens a Hugging Face model folder: config.json, model.safetensors, tokenizer.json, generation_config.json.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged or describes a model that is not supported, or that continues no text; the message names file and field.
    /// </exception>
    public static LanguageModel Load(string folder) => Load(folder, () => Tokenizer.Load(folder));

    /// <summary>Opens a model folder with a tokenizer that is none of those that <see cref="Tokenizer.Load"/> knows.</summary>
    /// <param name="folder">The folder: config.json, model.safetensors.</param>
    /// <param name="tokenizer">The tokenizer that made the model's training text into tokens.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">
    /// A file is damaged or describes a model that is not supported, or that continues no text, or the tokenizer knows more tokens than the model.
    /// </exception>
    public static LanguageModel Load(string folder, Tokenizer tokenizer) => Load(folder, () => tokenizer);

    /// <summary>Writes a Hugging Face model folder.</summary>
    /// <param name="folder">The folder, made if need be.</param>
    /// <exception cref="NotSupportedException">The tokenizer is one's own and does not say how it is saved; nothing was written.</exception>
    public void Save(string folder)
    {
        Tokenizer.Save(folder); // one of a user that cannot be saved says so before anything is written
        ModelFolder.Save(Model, folder);
        GenerationDefaults.Save(folder);
    }

    /// <summary>Continues a text, piece by piece.</summary>
    /// <param name="prompt">The beginning; empty to start from nothing.</param>
    /// <param name="options">
    /// How to choose and when to stop; null for <see cref="GenerationDefaults"/>. One text is written, whatever <see cref="GenerationOptions.Samples"/> says.
    /// </param>
    /// <param name="cancellationToken">Ends the enumeration with an exception.</param>
    /// <returns>The text that follows the prompt, in pieces of whole characters.</returns>
    /// <exception cref="ArgumentException">An option is off, or the tokenizer does not know a character of the prompt.</exception>
    public IAsyncEnumerable<string> GenerateAsync(
        string prompt, GenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        options = (options ?? GenerationDefaults.Over(new GenerationOptions())) with { Samples = 1 };
        return TextsOf(GenerateAsync([prompt], options, null, cancellationToken), cancellationToken);
    }

    /// <summary>
    /// Continues several texts, each <see cref="GenerationOptions.Samples"/> times. What follows a prompt is what would follow it alone.
    /// </summary>
    /// <remarks>
    /// The samples of a prompt are written in step, which costs little more than one; prompts are written one after the other for now, which costs
    /// as much as one call each. Later versions may write them together: go by <see cref="GeneratedPiece.Prompt"/>, not by the order of pieces of
    /// different texts. Several calls at a time on one model, also while it trains, take turns at each pass.
    /// </remarks>
    /// <param name="prompts">The beginnings; an empty one starts from nothing.</param>
    /// <param name="options">How to choose, when to stop, how many; null for <see cref="GenerationDefaults"/>.</param>
    /// <param name="statistics">Added to while the texts are written.</param>
    /// <param name="cancellationToken">Ends the enumeration with an exception.</param>
    /// <returns>The pieces of all texts; the last one of each says why the text ended.</returns>
    /// <exception cref="ArgumentException">
    /// An option is off, or the tokenizer does not know a character of a prompt: thrown by the call, before the first piece is asked for.
    /// </exception>
    public IAsyncEnumerable<GeneratedPiece> GenerateAsync(
        IReadOnlyList<string> prompts, GenerationOptions? options = null, GenerationStatistics? statistics = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(prompts);
        if (prompts.Any(prompt => prompt is null))
        {
            throw new ArgumentNullException(nameof(prompts), "A prompt is null; an empty one starts from nothing.");
        }
        options ??= GenerationDefaults.Over(new GenerationOptions());
        options.Validate();
        int[][] tokens = [.. prompts.Select(prompt => TextGeneration.EncodePrompt(prompt, Tokenizer))];
        IReadOnlyList<int> ends = [.. (GenerationDefaults.EndOfTextIds ?? []).Union(Model.Config.EndOfTextIds)];
        return new TextGeneration(Model, Tokenizer, ends, options, statistics ?? new GenerationStatistics()).Run(tokens, cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private static LanguageModel Load(string folder, Func<Tokenizer> tokenizer)
    {
        var config = ConfigFile.Open(folder);
        if (ClassifierFolder.LoadLabels(config) is not null)
        {
            throw new InvalidDataException($"{folder} holds a classifier, which continues no text: use TextClassifier.");
        }
        var known = tokenizer();
        if (config.ModelType == NGramFolder.ModelType)
        {
            NGramFolder.RequireVocabulary(config, known);
        }
        var defaults = GenerationDefaults.Load(folder);
        return Ownership.HandOver(ModelFolder.Load(config), model => new LanguageModel(model, known) { GenerationDefaults = defaults });
    }

    private static async IAsyncEnumerable<string> TextsOf(
        IAsyncEnumerable<GeneratedPiece> pieces, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var piece in pieces.WithCancellation(cancellationToken).ConfigureAwait(false))
        {
            if (piece.Text.Length > 0)
            {
                yield return piece.Text;
            }
        }
    }
}
