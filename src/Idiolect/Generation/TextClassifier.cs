using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Generation;

/// <summary>A classifier and its tokenizer: what a tuned checkpoint folder holds, ready to say what texts are.</summary>
public sealed class TextClassifier : IDisposable
{
    private const int TextsPerPass = 32;

    /// <summary>Joins a classifier and a tokenizer.</summary>
    /// <param name="model">The classifier, owned by the new object.</param>
    /// <param name="tokenizer">The tokenizer that made the backbone's training text into tokens.</param>
    /// <exception cref="InvalidDataException">The tokenizer knows more tokens than the model.</exception>
    public TextClassifier(Classifier model, Tokenizer tokenizer)
    {
        ModelVocabulary.Require(tokenizer, model.Backbone.Config.VocabularySize);
        (Model, Tokenizer) = (model, tokenizer);
    }

    /// <summary>The classifier.</summary>
    public Classifier Model { get; }

    /// <summary>The tokenizer.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>The most tokens of a text that are read.</summary>
    public int LongestText => EncodeText.Room(Tokenizer, TextVectors.SeesBothSides(Model.Backbone.Config), Classifier.LongestTextOf(Model.Backbone.Config));

    /// <summary>Puts a new head on the model of a folder.</summary>
    /// <param name="folder">A model folder: of a GPT, a BERT, a recurrent network, or of a classifier, whose own head is left behind.</param>
    /// <param name="labels">What texts may be.</param>
    /// <param name="seed">The head's first weights are a pure function of it.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or describes a model that is not supported; the message names file and field.</exception>
    /// <exception cref="ArgumentException">The model has no states to build on, or there are fewer than two labels.</exception>
    public static TextClassifier Begin(string folder, IReadOnlyList<string> labels, ulong seed = 0)
    {
        var config = ConfigFile.Open(folder); // says first what is no model folder
        var tokenizer = Tokenizer.Load(folder);
        return Ownership.HandOver(ModelFolder.LoadModel(config), backbone => new TextClassifier(new Classifier(backbone, labels, seed), tokenizer));
    }

    /// <summary>Opens a folder that <see cref="Save"/> wrote.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">The folder holds no classifier, or a file is damaged; the message names file and field.</exception>
    public static TextClassifier Load(string folder)
    {
        return Ownership.HandOver(ClassifierFolder.Load(folder), model => new TextClassifier(model, Tokenizer.Load(folder)));
    }

    /// <summary>Writes a Hugging Face model folder.</summary>
    /// <param name="folder">The folder, made if need be.</param>
    public void Save(string folder)
    {
        Tokenizer.SaveFramed(folder, EncodeText.Frame(Tokenizer, TextVectors.SeesBothSides(Model.Backbone.Config)));
        ClassifierFolder.Save(Model, folder);
    }

    /// <summary>How likely each label is, for each text; of a text the first <see cref="Classifier.LongestText"/> tokens count.</summary>
    /// <param name="texts">The texts.</param>
    /// <param name="threads">Threads; 0 for all processors. The result does not depend on them.</param>
    /// <param name="cancellationToken">Ends the work with an exception.</param>
    /// <returns>(texts, labels) probabilities, in the order of <see cref="Classifier.Labels"/>.</returns>
    /// <exception cref="ArgumentException">A text is empty where the model has no token that begins one, or has a character that the tokenizer does not know.</exception>
    public IReadOnlyList<double[]> Classify(IReadOnlyList<string> texts, int threads = 0, CancellationToken cancellationToken = default)
        => Classify(texts, out _, threads, cancellationToken);

    /// <inheritdoc cref="Classify(IReadOnlyList{string}, int, CancellationToken)"/>
    /// <param name="texts">The texts.</param>
    /// <param name="truncated">(texts): whether each is longer than <see cref="LongestText"/>, so that only its beginning was read.</param>
    /// <param name="threads">Threads; 0 for all processors. The result does not depend on them.</param>
    /// <param name="cancellationToken">Ends the work with an exception.</param>
    public IReadOnlyList<double[]> Classify(
        IReadOnlyList<string> texts, out bool[] truncated, int threads = 0, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(texts);
        var (closed, longest) = (TextVectors.SeesBothSides(Model.Backbone.Config), Classifier.LongestTextOf(Model.Backbone.Config));
        var tokens = new int[texts.Count][];
        truncated = new bool[texts.Count];
        for (var text = 0; text < tokens.Length; text++)
        {
            tokens[text] = EncodeText.Framed(texts[text], Tokenizer, closed, longest, out truncated[text]);
        }
        var probabilities = new double[texts.Count][];
        using var inference = new InferenceTape(threads);
        var batch = new PaddedTexts();
        // Texts of like length go together, so that little is padding.
        foreach (var chunk in Enumerable.Range(0, tokens.Length).OrderBy(text => tokens[text].Length).Chunk(TextsPerPass))
        {
            cancellationToken.ThrowIfCancellationRequested();
            batch.Fill(tokens, chunk);
            float[] logits; // (chunk, labels)
            lock (Model.Parameters.OnePass)
            {
                logits = Model.Forward(batch.Tokens, batch.Lengths, new ForwardContext(inference.Tape)).ToArray();
            }
            inference.Tape.Reset();
            NonFiniteResult.Refuse(logits, "The probability of a label", Model.Backbone);
            for (var row = 0; row < chunk.Length; row++)
            {
                probabilities[chunk[row]] = LogitScore.Probabilities(logits.AsSpan(row * Model.Labels.Count, Model.Labels.Count));
            }
        }
        return probabilities;
    }

    /// <inheritdoc/>
    public void Dispose() => Model.Dispose();
}
