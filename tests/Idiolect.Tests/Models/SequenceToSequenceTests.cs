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
