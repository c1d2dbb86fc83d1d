using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>What a model says about a text does not depend on how it is fed, nor on what stands after or beside it.</summary>
public sealed class GptInferenceTests : IDisposable
{
    private readonly Team _team = new(1, IsaSelector.Default);
    private readonly Tape _tape;

    public GptInferenceTests() => _tape = new Tape(_team, recording: false);

    public static TheoryData<string> Models => TinyModels.Names;

    [Theory, MemberData(nameof(Models))]
    public void Later_tokens_leave_earlier_logits_bit_identical(string name)
    {
        using var model = Create(name);
        var tokens = TinyModels.Ids(model.Config, 90);
        var before = Logits(model, tokens, 1);
        for (var i = 40; i < 90; i++)
        {
            tokens[i] = (tokens[i] + 1) % model.Config.VocabularySize;
        }
        var after = Logits(model, tokens, 1);
        Assert.Equal(before[..(40 * model.Config.VocabularySize)], after[..(40 * model.Config.VocabularySize)]);
        Assert.NotEqual(before, after);
    }

    [Theory, MemberData(nameof(Models))]
    public void A_text_fed_token_by_token_gives_the_same_bits_as_at_once(string name) => AssertSameFed(name, 1);

    [Theory, MemberData(nameof(Models))]
    public void A_text_fed_in_pieces_gives_the_same_bits_as_at_once(string name) => AssertSameFed(name, 7, 40, 33);

    [Theory, MemberData(nameof(Models))]
    public void A_sequence_has_the_same_bits_alone_and_in_a_batch(string name)
    {
        using var model = Create(name);
        var tokens = TinyModels.Ids(model.Config, 5 * 20);
        var together = Logits(model, tokens, 5);
        var alone = Logits(model, tokens[40..60], 1);
        Assert.Equal(alone, together[(40 * model.Config.VocabularySize)..(60 * model.Config.VocabularySize)]);
    }

    [Fact]
    public void Evaluation_drops_nothing()
    {
        using var model = new Gpt(TinyModels.Config("llama", dropout: 0.5f), seed: 3);
        using var without = new Gpt(TinyModels.Config("llama"), seed: 3);
        var tokens = TinyModels.Ids(model.Config, 20);
        Assert.Equal(Logits(without, tokens, 1), Logits(model, tokens, 1));
    }

    [Fact]
    public void More_positions_than_the_context_are_refused()
    {
        using var model = Create("gpt2");
        var error = Assert.Throws<ArgumentException>(() => Logits(model, new int[151], 1));
        Assert.StartsWith("151 positions are more than the model's context of 150.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void More_positions_than_a_cache_has_left_are_refused()
    {
        using var model = Create("gpt2");
        using var cache = model.CreateCache(1);
        var context = new ForwardContext(_tape) { Cache = cache };
        model.Forward(new int[150], 1, context);
        Assert.Throws<ArgumentException>(() => model.Forward([0], 1, context));
    }

    [Fact]
    public void A_cache_of_another_batch_is_refused()
    {
        using var model = Create("llama");
        using var cache = model.CreateCache(1);
        Assert.Throws<ArgumentException>(() => model.Forward([1, 2], 2, new ForwardContext(_tape) { Cache = cache }));
    }

    [Fact]
    public void A_cache_of_another_model_is_refused()
    {
        using var model = Create("llama");
        using var other = Create("qwen3");
        using var cache = other.CreateCache(1);
        Assert.Throws<ArgumentException>(() => model.Forward([1], 1, new ForwardContext(_tape) { Cache = cache }));
    }

    [Fact]
    public void A_cache_on_a_recording_tape_is_refused()
    {
        using var model = Create("llama");
        using var cache = model.CreateCache(1);
        using var recording = new Tape(_team);
        Assert.Throws<ArgumentException>(() => model.Forward([1], 1, new ForwardContext(recording) { Cache = cache }));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(37)]
    public void A_token_outside_the_vocabulary_is_refused(int id)
    {
        using var model = Create("llama");
        var error = Assert.Throws<ArgumentException>(() => model.Forward([0, id], 1, new ForwardContext(_tape)));
        Assert.Contains($"Token {id} is outside the vocabulary of 37", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(5, 2)]
    [InlineData(5, 0)]
    [InlineData(5, -1)]
    public void Tokens_that_are_no_whole_sequences_are_refused(int count, int batch)
    {
        using var model = Create("llama");
        Assert.Throws<ArgumentException>(() => model.Forward(new int[count], batch, new ForwardContext(_tape)));
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 37)]
    [InlineData(2, -2)]
    public void Targets_of_another_number_or_outside_the_vocabulary_are_refused(int count, int id)
    {
        using var model = Create("llama");
        Assert.Throws<ArgumentException>(() => model.Loss([0, 1], [.. Enumerable.Repeat(id, count)], 1, new ForwardContext(_tape)));
    }

    public void Dispose()
    {
        _tape.Dispose();
        _team.Dispose();
    }

    private static Gpt Create(string name)
    {
        var model = new Gpt(TinyModels.Config(name));
        TinyModels.Roughen(model);
        return model;
    }

    private float[] Logits(Gpt model, int[] tokens, int batch, KeyValueCache? cache = null)
    {
        var logits = model.Forward(tokens, batch, new ForwardContext(_tape) { Cache = cache }).ToArray();
        _tape.Reset();
        return logits;
    }

    private void AssertSameFed(string name, params int[] pieces)
    {
        using var model = Create(name);
        using var cache = model.CreateCache(1);
        var tokens = TinyModels.Ids(model.Config, 140);
        var expected = Logits(model, tokens, 1);
        var fed = new List<float>();
        for (var (at, piece) = (0, 0); at < tokens.Length; piece++)
        {
            var count = Math.Min(pieces[piece % pieces.Length], tokens.Length - at);
            fed.AddRange(Logits(model, tokens[at..(at + count)], 1, cache));
            at += count;
        }
        Assert.Equal(expected, fed);
    }
}
