using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Models;

/// <summary>The shape of a language model, as far as training, evaluation and generation ask for it.</summary>
public interface IModelConfig
{
    /// <summary>Tokens that the model knows.</summary>
    int VocabularySize { get; }

    /// <summary>The tokens of one sequence in training.</summary>
    int ContextLength { get; }

    /// <summary>The tokens of one window in evaluation: more where the model can use more than it is trained on at once.</summary>
    int EvaluationLength => ContextLength;

    /// <summary>Tokens that end a text besides the tokenizer's <see cref="Tokenization.Tokenizer.EndOfTextId"/>.</summary>
    IReadOnlyList<int> EndOfTextIds => [];

    /// <summary>The number of learned numbers.</summary>
    long ParameterCount { get; }

    /// <summary>Floating-point operations to train on one token.</summary>
    double TrainingFlopsPerToken { get; }
}

/// <summary>
/// A model of tokens of any kind: what a model folder holds. It keeps buffers of a pass, so one thread at a time may run it; the classes of
/// <see cref="Generation"/> take turns by themselves.
/// </summary>
public interface IModel : IDisposable
{
    /// <summary>The shape.</summary>
    IModelConfig Config { get; }

    /// <summary>The learned numbers.</summary>
    ParameterSet Parameters { get; }
}

/// <summary>
/// A model that predicts the next token: what the trainer, the evaluation and the generator work with. Transformers and
/// recurrent networks are such models alike.
/// </summary>
public interface ILanguageModel : IModel
{
    /// <summary>The scores of every token as the next one, at every position.</summary>
    /// <param name="tokens">(batch, time) token ids, row-major.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="context">The pass; with a memory, the tokens continue what it holds.</param>
    /// <param name="lastOnly">Whether only the last position's scores are wanted.</param>
    /// <returns>(batch, time, vocabulary) logits, or (batch, 1, vocabulary).</returns>
    /// <exception cref="ArgumentException">The tokens do not fit the model.</exception>
    Tensor Forward(ReadOnlySpan<int> tokens, int batch, ForwardContext context, bool lastOnly = false);

    /// <summary>The mean cross-entropy of the next tokens, in nats a token.</summary>
    /// <param name="tokens">(batch, time) token ids, row-major.</param>
    /// <param name="targets">(batch, time): the token that follows each, or -1 where it does not count.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="context">The pass. When its tape records, call <see cref="Tape.Backward"/> on the result.</param>
    /// <returns>A tensor of one element.</returns>
    /// <exception cref="ArgumentException">The tokens do not fit the model.</exception>
    Tensor Loss(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets, int batch, ForwardContext context);

    /// <summary>An empty memory for texts that this model continues.</summary>
    /// <param name="batch">Texts at once.</param>
    ISequenceMemory CreateMemory(int batch);

    /// <summary>
    /// The state that training carries from each segment of a text to the next; null for a model that sees every window on its own.
    /// </summary>
    /// <param name="batch">Texts at once.</param>
    RecurrentState? CreateCarriedState(int batch) => null;
}
