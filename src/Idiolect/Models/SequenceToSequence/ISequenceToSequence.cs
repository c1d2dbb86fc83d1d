using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Models;

/// <summary>A batch of source and target sequences for training, each side padded at its end to one length.</summary>
public readonly ref struct SequencePairs
{
    /// <summary>Pairs.</summary>
    public required int Count { get; init; }

    /// <summary>(count, source time) token ids.</summary>
    public required ReadOnlySpan<int> Source { get; init; }

    /// <summary>(count): the tokens of each source that are no padding.</summary>
    public required ReadOnlySpan<int> SourceLengths { get; init; }

    /// <summary>(count, target time): what the decoder reads, from the token that begins a target on.</summary>
    public required ReadOnlySpan<int> Inputs { get; init; }

    /// <summary>(count, target time): the token that follows each input, or -1 where it does not count.</summary>
    public required ReadOnlySpan<int> Targets { get; init; }

    /// <summary>Refuses pairs that a model cannot read; which targets there are is the loss's to check.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="vocabulary">The model's tokens.</param>
    /// <exception cref="ArgumentException">
    /// A side is no whole sequences, an id is outside the vocabulary, a length makes no sense, or there is not one target an input.
    /// </exception>
    internal static void Check(in SequencePairs pairs, int vocabulary)
    {
        var time = TokenIds.Time(pairs.Source, pairs.Count, vocabulary, nameof(pairs));
        if (pairs.SourceLengths.Length != pairs.Count)
        {
            throw new ArgumentException($"{pairs.SourceLengths.Length} lengths for {pairs.Count} sources.", nameof(pairs));
        }
        TokenIds.CheckLengths(pairs.SourceLengths, time, nameof(pairs));
        TokenIds.Time(pairs.Inputs, pairs.Count, vocabulary, nameof(pairs));
        if (pairs.Targets.Length != pairs.Inputs.Length)
        {
            throw new ArgumentException($"{pairs.Targets.Length} targets for {pairs.Inputs.Length} inputs.", nameof(pairs));
        }
    }
}

/// <summary>The shape of a sequence-to-sequence model, as far as training and translation ask for it.</summary>
public interface ISequenceToSequenceConfig
{
    /// <summary>Tokens that the model knows, in both languages.</summary>
    int VocabularySize { get; }

    /// <summary>The most tokens of a source, and of a target.</summary>
    int MaximumLength { get; }

    /// <summary>Checks that the numbers fit each other.</summary>
    /// <exception cref="ArgumentException">One does not; the message names it.</exception>
    void Validate();
}

/// <summary>
/// A model that writes one sequence after reading another: what translation trains and searches with. One thread at a time may run it; a
/// <see cref="Generation.Translator"/> takes turns by itself.
/// </summary>
public interface ISequenceToSequence : IDisposable
{
    /// <summary>The shape.</summary>
    ISequenceToSequenceConfig Config { get; }

    /// <summary>The learned numbers.</summary>
    ParameterSet Parameters { get; }

    /// <summary>The mean cross-entropy of the targets, in nats a token; with label smoothing while training.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="context">The pass. When its tape records, call <see cref="Tape.Backward"/> on the result.</param>
    /// <returns>A tensor of one element.</returns>
    /// <exception cref="ArgumentException">An id is outside the vocabulary, a sequence is too long, a length makes no sense, or there is not one target an input.</exception>
    Tensor Loss(in SequencePairs pairs, ForwardContext context);

    /// <summary>Reads sources and makes ready to write targets token by token, several candidates for each source.</summary>
    /// <param name="tape">The step, which does not record; it is reset.</param>
    /// <param name="source">(count, source time) token ids, padded at the end.</param>
    /// <param name="lengths">(count): the tokens of each source that are no padding.</param>
    /// <param name="beams">Candidates for each source.</param>
    /// <param name="maximumLength">The most tokens that will be written.</param>
    /// <exception cref="ArgumentException">An id is outside the vocabulary, a source is too long, or a length or a number makes no sense.</exception>
    IDecoding BeginDecoding(Tape tape, ReadOnlySpan<int> source, ReadOnlySpan<int> lengths, int beams, int maximumLength);
}

/// <summary>Targets that are being written.</summary>
public interface IDecoding : IDisposable
{
    /// <summary>Takes one more token of every candidate and scores the one after it.</summary>
    /// <param name="tokens">(count * beams): the token that each candidate now ends with.</param>
    /// <param name="parents">(count * beams): which candidate of the step before each continues; itself in the first step.</param>
    /// <param name="logits">Receives (count * beams, vocabulary) scores.</param>
    /// <exception cref="ArgumentException">There is not one token and one parent for each candidate, an id is outside the vocabulary, or a parent is none of them.</exception>
    void Advance(ReadOnlySpan<int> tokens, ReadOnlySpan<int> parents, Span<float> logits);
}
