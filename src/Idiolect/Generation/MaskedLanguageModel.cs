using Idiolect.Evaluation;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Generation;

/// <summary>What a model believes to stand in a gap.</summary>
/// <param name="Token">The token's text, the space before a word included.</param>
/// <param name="Id">The token.</param>
/// <param name="Probability">How sure it is, from 0 to 1.</param>
public sealed record TokenGuess(string Token, int Id, double Probability);

/// <summary>A BERT and its tokenizer: what a checkpoint folder holds, ready to fill gaps.</summary>
public sealed class MaskedLanguageModel : IDisposable
{
    private readonly int _mask;

    /// <summary>Joins a model and a tokenizer.</summary>
    /// <param name="model">The model, owned by the new object.</param>
    /// <param name="tokenizer">The tokenizer that made its training text into tokens; it has the special token <see cref="Tokenizer.Mask"/>.</param>
    /// <exception cref="InvalidDataException">They do not belong together.</exception>
    public MaskedLanguageModel(Bert model, Tokenizer tokenizer)
    {
        ModelVocabulary.Require(tokenizer, model.Config.VocabularySize);
        _mask = tokenizer.MaskId ?? throw new InvalidDataException($"The tokenizer has no token {Tokenizer.Mask}, and a BERT needs one.");
        (Model, Tokenizer) = (model, tokenizer);
    }

    /// <summary>The model.</summary>
    public Bert Model { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Opens a Hugging Face model folder: config.json, model.safetensors, tokenizer.json.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or describes another model; the message names file and field.</exception>
    public static MaskedLanguageModel Load(string folder)
    {
        var config = ConfigFile.Open(folder);
        if (ModelFolder.LoadConfig(config) is not BertConfig)
        {
            throw new InvalidDataException($"{folder} holds no BERT, and other models fill no gaps: train one with model.kind bert.");
        }
        var tokenizer = Tokenizer.Load(folder);
        return Ownership.HandOver(BertFolder.Load(config), model => new MaskedLanguageModel(model, tokenizer));
    }

    /// <summary>Writes a Hugging Face model folder.</summary>
    /// <param name="folder">The folder, made if need be.</param>
    public void Save(string folder)
    {
        Tokenizer.SaveFramed(folder, EncodeText.Frame(Tokenizer, closed: true));
        ModelFolder.Save(Model, folder);
    }

    /// <summary>Guesses what stands in each gap of a text, all gaps at once.</summary>
    /// <param name="text">The text, in which <see cref="Tokenizer.Mask"/> marks a gap of one token; it takes the space before it along.</param>
    /// <param name="topK">How many guesses to give for each gap.</param>
    /// <param name="threads">Threads; 0 for all processors.</param>
    /// <returns>For each gap its guesses, the likeliest first.</returns>
    /// <exception cref="ArgumentException">The text has no gap, or is longer than the model takes.</exception>
    public IReadOnlyList<IReadOnlyList<TokenGuess>> Fill(string text, int topK = 5, int threads = 0)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(topK, 1);
        var pieces = text.Split(Tokenizer.Mask);
        if (pieces.Length == 1)
        {
            throw new ArgumentException($"the text has no gap: write {Tokenizer.Mask} where a word is missing", nameof(text));
        }
        var tokens = EncodeText.Framed([.. pieces.SelectMany((piece, i) => i == pieces.Length - 1
            ? Tokenizer.Encode(piece)
            : [.. Tokenizer.Encode(piece.TrimEnd(' ')), _mask])], Tokenizer, closed: true);
        if (tokens.Length > Model.Config.ContextLength)
        {
            throw new ArgumentException($"the text has {tokens.Length} tokens, more than the model's context of {Model.Config.ContextLength}", nameof(text));
        }
        int[] places = [.. Enumerable.Range(0, tokens.Length).Where(i => tokens[i] == _mask)];
        using var inference = new InferenceTape(threads);
        float[] scores; // (places, vocabulary)
        lock (Model.Parameters.OnePass)
        {
            scores = Model.Predict(tokens, [tokens.Length], places, new ForwardContext(inference.Tape)).ToArray();
        }
        NonFiniteResult.Refuse(scores, "The probability of a token", Model);
        return [.. places.Select((_, i) => Best(scores.AsSpan(i * Model.Config.VocabularySize, Model.Config.VocabularySize), topK))];
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();

    private TokenGuess[] Best(ReadOnlySpan<float> logits, int topK)
    {
        var probabilities = LogitScore.Probabilities(logits);
        return [.. Enumerable.Range(0, logits.Length).Where(id => Tokenizer.Knows(id) && !Tokenizer.SpecialTokens.Values.Contains(id))
            .OrderByDescending(id => probabilities[id]).ThenBy(id => id).Take(topK)
            .Select(id => new TokenGuess(Tokenizer.Decode([id]), id, probabilities[id]))];
    }
}
