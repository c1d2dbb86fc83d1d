using Idiolect.Data;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Generation;

/// <summary>
/// Turns texts into vectors whose angle says how alike the texts are: the mean of all tokens' states (Reimers and Gurevych 2019 found it better
/// than one token's), scaled to length 1. Meant for a BERT, whose states know the whole text; other networks work too, less well.
/// </summary>
public sealed class TextEmbedder : IDisposable
{
    private const int TextsPerPass = 32;

    private readonly IModel _model;
    private readonly Tokenizer _tokenizer;

    /// <summary>Joins a model and a tokenizer.</summary>
    /// <param name="model">The model, owned by the new object: a BERT, a GPT or a recurrent network.</param>
    /// <param name="tokenizer">The tokenizer that made its training text into tokens.</param>
    /// <exception cref="ArgumentException">The model has no states.</exception>
    /// <exception cref="InvalidDataException">The tokenizer knows more tokens than the model.</exception>
    public TextEmbedder(IModel model, Tokenizer tokenizer)
    {
        Width = TextVectors.Width(model.Config);
        ModelVocabulary.Require(tokenizer, model.Config.VocabularySize);
        (_model, _tokenizer) = (model, tokenizer);
    }

    /// <summary>The length of a vector.</summary>
    public int Width { get; }

    /// <summary>The most tokens of a text that are read.</summary>
    public int LongestText => EncodeText.Room(_tokenizer, TextVectors.SeesBothSides(_model.Config), TextVectors.LongestText(_model.Config));

    /// <summary>Opens a Hugging Face model folder.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or describes a model that is not supported; the message names file and field.</exception>
    public static TextEmbedder Load(string folder)
    {
        var config = ConfigFile.Open(folder); // says first what is no model folder
        var tokenizer = Tokenizer.Load(folder);
        return Ownership.HandOver(ModelFolder.LoadModel(config), model => new TextEmbedder(model, tokenizer));
    }

    /// <summary>One vector a text, of length 1; a text longer than the model takes loses its end.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="threads">Threads; 0 for all processors. Neither they nor the other texts change a bit of a vector.</param>
    /// <param name="cancellationToken">Ends the work with an exception.</param>
    /// <returns>(texts, width).</returns>
    /// <exception cref="ArgumentException">A text is empty where the model has no token that begins one.</exception>
    public IReadOnlyList<float[]> Embed(IReadOnlyList<string> texts, int threads = 0, CancellationToken cancellationToken = default)
        => Embed(texts, out _, threads, cancellationToken);

    /// <inheritdoc cref="Embed(IReadOnlyList{string}, int, CancellationToken)"/>
    /// <param name="texts">The texts.</param>
    /// <param name="truncated">(texts): whether each is longer than <see cref="LongestText"/>, so that only its beginning was read.</param>
    /// <param name="threads">Threads; 0 for all processors. Neither they nor the other texts change a bit of a vector.</param>
    /// <param name="cancellationToken">Ends the work with an exception.</param>
    public IReadOnlyList<float[]> Embed(
        IReadOnlyList<string> texts, out bool[] truncated, int threads = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var closed = TextVectors.SeesBothSides(_model.Config);
        var tokens = new int[texts.Count][];
        truncated = new bool[texts.Count];
        for (var text = 0; text < tokens.Length; text++)
        {
            tokens[text] = EncodeText.Framed(texts[text], _tokenizer, closed, TextVectors.LongestText(_model.Config), out truncated[text]);
        }
        var vectors = new float[texts.Count][];
        using var inference = new InferenceTape(threads);
        var batch = new PaddedTexts();
        // Texts of like length go together, so that little is padding.
        foreach (var chunk in Enumerable.Range(0, tokens.Length).OrderBy(text => tokens[text].Length).Chunk(TextsPerPass))
        {
            cancellationToken.ThrowIfCancellationRequested();
            batch.Fill(tokens, chunk);
            float[] means; // (chunk, width)
            lock (_model.Parameters.OnePass)
            {
                means = TextVectors.Mean(_model, batch.Tokens, batch.Lengths, new ForwardContext(inference.Tape)).ToArray();
            }
            inference.Tape.Reset();
            NonFiniteResult.Refuse(means, "The vector of a text", _model);
            for (var row = 0; row < chunk.Length; row++)
            {
                vectors[chunk[row]] = Normalized(means.AsSpan(row * Width, Width));
            }
        }
        return vectors;
    }

    /// <summary>The cosine of the angle between two vectors of length 1: 1 for texts that say the same, about 0 for ones without relation.</summary>
    /// <param name="a">One vector.</param>
    /// <param name="b">Another of the same length.</param>
    public static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        if (a.Length != b.Length)
        {
            throw new ArgumentException($"The vectors have {a.Length} and {b.Length} numbers.", nameof(b));
        }
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += (double)a[i] * b[i];
        }
        return sum;
    }

    /// <inheritdoc/>
    public void Dispose() => _model.Dispose();

    private static float[] Normalized(ReadOnlySpan<float> vector)
    {
        var length = Math.Sqrt(Cosine(vector, vector));
        var result = vector.ToArray();
        for (var i = 0; i < result.Length && length > 0; i++)
        {
            result[i] = (float)(result[i] / length);
        }
        return result;
    }
}
