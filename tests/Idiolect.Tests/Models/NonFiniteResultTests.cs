using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Recipes;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Models;

/// <summary>A number that is not finite is no result: the error names the first tensor that spoiled it.</summary>
public sealed class NonFiniteResultTests
{
    private static readonly ByteTokenizer Bytes = new();

    public static TheoryData<float> Bad => [float.NaN, float.PositiveInfinity, float.NegativeInfinity];

    [Theory, MemberData(nameof(Bad))]
    public void A_text_is_not_written(float bad)
    {
        using var model = Model("gpt2");
        Spoil(model.Model.Parameters, "layers.1.attention.qkv.weight", bad);
        AssertNamed("transformer.h.1.attn.c_attn.weight", () =>
        {
            foreach (var piece in model.GenerateAsync("ab", new GenerationOptions { MaxTokens = 2 }).ToBlockingEnumerable(TestContext.Current.CancellationToken))
            {
                Assert.Fail(piece);
            }
        });
    }

    [Theory, MemberData(nameof(Bad))]
    public void A_loss_is_not_reported(float bad)
    {
        using var model = Model("llama");
        Spoil(model.Model.Parameters, "layers.0.feed_forward.gate_up.weight", bad);
        using var data = Encode("a text of some letters and more");
        AssertNamed("model.layers.0.mlp.gate_proj.weight", () => Measurement.Take(model, data, cancellationToken: TestContext.Current.CancellationToken));
    }

    [Theory, MemberData(nameof(Bad))]
    public void A_vector_is_not_given(float bad)
    {
        using var model = new Gpt(TinyModels.Config("qwen3") with { VocabularySize = Bytes.VocabularySize }, seed: 1);
        Spoil(model.Parameters, "final_norm.weight", bad);
        using var embedder = new TextEmbedder(model, Bytes);
        AssertNamed("model.norm.weight", () => embedder.Embed(["ab"], cancellationToken: TestContext.Current.CancellationToken));
    }

    [Theory, MemberData(nameof(Bad))]
    public void A_label_is_not_chosen(float bad)
    {
        using var classifier = new TextClassifier(
            new Classifier(new Gpt(TinyModels.Config("gpt2") with { VocabularySize = Bytes.VocabularySize }, seed: 1), ["a", "b"]), Bytes);
        Spoil(classifier.Model.Parameters, "score.weight", bad);
        AssertNamed("score.weight", () => classifier.Classify(["ab"], cancellationToken: TestContext.Current.CancellationToken));
    }

    [Theory, MemberData(nameof(Bad))]
    public void A_gap_is_not_filled(float bad)
    {
        var tokenizer = new ByteTokenizer([Tokenizer.EndOfText, Tokenizer.Mask]);
        using var model = new MaskedLanguageModel(
            new Bert(new BertConfig { VocabularySize = tokenizer.VocabularySize, ContextLength = 32, LayerCount = 1, HeadCount = 2, Width = 8 }, seed: 1), tokenizer);
        Spoil(model.Model.Parameters, "output.bias", bad);
        AssertNamed("cls.predictions.bias", () => model.Fill("a [MASK]"));
    }

    [Theory]
    [InlineData("encoder-decoder", "encoder.layers.0.attention.qkv.weight")]
    [InlineData("lstm encoder-decoder", "encoder.layers.0.forwards.input.weight")]
    public void A_sentence_is_not_translated(string kind, string tensor)
    {
        using ISequenceToSequence model = kind == "encoder-decoder"
            ? new EncoderDecoder(
                new EncoderDecoderConfig
                {
                    VocabularySize = Bytes.VocabularySize, MaximumLength = 32, Width = 8, HeadCount = 2, EncoderLayerCount = 1, DecoderLayerCount = 1, FeedForwardWidth = 12,
                }, seed: 1)
            : new RecurrentSequenceToSequence(
                new RecurrentSequenceToSequenceConfig { VocabularySize = Bytes.VocabularySize, MaximumLength = 32, Width = 8, LayerCount = 1 }, seed: 1);
        Spoil(model.Parameters, tensor, float.NaN);
        using var translator = new Translator(model, Bytes, "en", ["de"]);
        AssertNamed(tensor, () => translator.Translate(["ab"], cancellationToken: TestContext.Current.CancellationToken));
    }

    private static LanguageModel Model(string name)
        => new(new Gpt(TinyModels.Config(name) with { VocabularySize = Bytes.VocabularySize }, seed: 1), Bytes);

    private static TokenDataset Encode(string text)
        => TokenDataset.Encode([new Document("text", text)], part => Bytes.Encode(part), Bytes.VocabularySize, Bytes.BeginningOfTextId, cancellationToken: TestContext.Current.CancellationToken);

    private static void Spoil(ParameterSet parameters, string name, float bad) => parameters[name].MutableValues[3] = bad;

    private static void AssertNamed(string tensor, Action ask)
    {
        var message = Assert.Throws<InvalidDataException>(ask).Message;
        Assert.Contains($"tensor {tensor} of the model", message, StringComparison.Ordinal);
    }
}
