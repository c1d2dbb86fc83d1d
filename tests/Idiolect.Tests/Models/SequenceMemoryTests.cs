using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>What models of every kind remember of a text, as a library's user may misuse it.</summary>
public sealed class SequenceMemoryTests
{
    public static TheoryData<string> Kinds => ["transformer", "recurrent", "n-gram"];

    [Theory, MemberData(nameof(Kinds))]
    public void A_memory_of_no_texts_is_refused(string kind)
    {
        using var model = Create(kind);
        foreach (var batch in new[] { 0, -1, int.MinValue })
        {
            Assert.Throws<ArgumentOutOfRangeException>(nameof(batch), () => model.CreateMemory(batch));
        }
    }

    [Theory, MemberData(nameof(Kinds))]
    public void A_memory_can_be_disposed_twice(string kind)
    {
        using var model = Create(kind);
        var memory = model.CreateMemory(2);
        memory.Dispose();
        memory.Dispose();
    }

    [Fact]
    public void A_disposed_cache_is_not_read()
    {
        using var model = Create("transformer");
        var memory = model.CreateMemory(1);
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(() => memory.Length);
    }

    [Theory]
    [InlineData("transformer")]
    [InlineData("recurrent")]
    public void A_disposed_memory_is_neither_cleared_nor_read_by_a_model(string kind)
    {
        using var model = Create(kind);
        using var tape = new Tape(recording: false);
        var memory = model.CreateMemory(1);
        memory.Dispose();
        Assert.Throws<ObjectDisposedException>(memory.Clear);
        Assert.Throws<ObjectDisposedException>(() => model.Forward([1, 2], 1, new ForwardContext(tape) { Memory = memory }));
    }

    private static ILanguageModel Create(string kind) => kind switch
    {
        "transformer" => new Gpt(TinyModels.Config("llama")),
        "recurrent" => new Recurrent(new RecurrentConfig { VocabularySize = 5, ContextLength = 8, LayerCount = 1, Width = 4 }),
        _ => NGram.Train([1, 2, 1, 3], vocabularySize: 5, order: 2, beginningOfTextId: 0, TestContext.Current.CancellationToken),
    };
}
