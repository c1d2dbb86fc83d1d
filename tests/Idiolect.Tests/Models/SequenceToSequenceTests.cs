using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>What all models that write one sequence after reading another refuse alike.</summary>
public sealed class SequenceToSequenceTests
{
    private const int Vocabulary = 20;

    public static TheoryData<string> Kinds => ["transformer", "lstm", "stream"];

    [Theory, MemberData(nameof(Kinds))]
    public void Targets_outside_the_vocabulary_are_refused(string kind)
    {
        AssertRefused(kind, [2], [Vocabulary, 8]);
        AssertRefused(kind, [2], [-2, 8]);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Fewer_targets_than_inputs_are_refused(string kind) => AssertRefused(kind, [2], [7]);

    [Theory, MemberData(nameof(Kinds))]
    public void Lengths_that_sources_cannot_have_are_refused(string kind)
    {
        AssertRefused(kind, [3], [7, 8]);
        AssertRefused(kind, [0], [7, 8]);
        AssertRefused(kind, [], [7, 8]);
        using var model = Create(kind);
        using var tape = new Tape(recording: false);
        Assert.Throws<ArgumentException>(() => model.BeginDecoding(tape, [1, 2], [3], beams: 1, maximumLength: 8));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Another_number_of_tokens_than_candidates_is_refused(string kind)
    {
        AssertAdvanceRefused(kind, [3], [0, 1]);
        AssertAdvanceRefused(kind, [3, 4, 5], [0, 1]);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Parents_that_are_no_candidates_are_refused(string kind)
    {
        AssertAdvanceRefused(kind, [3, 4], [0]);
        AssertAdvanceRefused(kind, [3, 4], [0, 2]);
        AssertAdvanceRefused(kind, [3, 4], [-1, 0]);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_decoding_that_cannot_begin_leaves_the_tape_empty(string kind)
    {
        using var model = Create(kind);
        using var tape = new Tape(recording: false);
        Assert.Throws<ArgumentException>(() => model.BeginDecoding(tape, new int[33], [33], beams: 1, maximumLength: 8));
        Assert.Equal(0, tape.BytesInUse);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Padding_of_a_source_is_not_read(string kind)
    {
        using var model = Create(kind);
        using var tape = new Tape(recording: false);
        Assert.Equal(First([1, 2, 3, 1, 2, 4]), First([1, 2, 3, 0, 0, 1, 2, 4, 9, 9]));

        float[] First(int[] sources)
        {
            var logits = new float[2 * Vocabulary];
            using var decoding = model.BeginDecoding(tape, sources, [3, 3], beams: 1, maximumLength: 8);
            decoding.Advance([5, 6], [0, 1], logits);
            return logits;
        }
    }

    private static void AssertAdvanceRefused(string kind, int[] tokens, int[] parents)
    {
        using var model = Create(kind);
        using var tape = new Tape(recording: false);
        using var decoding = model.BeginDecoding(tape, [1, 2], [2], beams: 2, maximumLength: 8);
        Assert.Throws<ArgumentException>(() => decoding.Advance(tokens, parents, new float[2 * Vocabulary]));
    }

    private static void AssertRefused(string kind, int[] lengths, int[] targets)
    {
        using var model = Create(kind);
        using var tape = new Tape();
        Assert.Throws<ArgumentException>(() => model.Loss(
            new SequencePairs { Count = 1, Source = [1, 2], SourceLengths = lengths, Inputs = [5, 6], Targets = targets }, new ForwardContext(tape)));
    }

    private static ISequenceToSequence Create(string kind) => kind switch
    {
        "transformer" => new EncoderDecoder(
            new EncoderDecoderConfig { VocabularySize = Vocabulary, MaximumLength = 16, Width = 16, HeadCount = 4, EncoderLayerCount = 1, DecoderLayerCount = 2 },
            seed: 3),
        "lstm" => new RecurrentSequenceToSequence(
            new RecurrentSequenceToSequenceConfig { VocabularySize = Vocabulary, MaximumLength = 16, Width = 12, LayerCount = 1 }, seed: 3),
        _ => new StreamSequenceToSequence(new Gpt(GptConfig.Gpt2(Vocabulary, contextLength: 32, layerCount: 1, headCount: 2, width: 16), seed: 3)),
    };
}
