using Idiolect.Tensors;

namespace Idiolect.Tests.Tensors;

/// <summary>Attention over a cache of one's own.</summary>
public sealed class CachedAttentionTests : IDisposable
{
    private const int Batch = 2;
    private const int Heads = 4;
    private const int KeyValueHeads = 2;
    private const int HeadSize = 8;
    private const int Width = (Heads + (2 * KeyValueHeads)) * HeadSize;

    private readonly Tape _tape = new(recording: false);

    public void Dispose() => _tape.Dispose();

    [Fact]
    public void A_text_in_pieces_has_the_bits_of_the_whole_text()
    {
        const int Time = 70; // more than one page
        var rows = Rows(Time);
        var whole = _tape.CreateFrom(new Shape(Batch, Time, Width), rows).Attend(Heads, KeyValueHeads).ToArray();
        using var cache = NewCache(Time, layers: 3);

        var first = 0;
        foreach (var count in new[] { 1, 40, 29 })
        {
            cache.Begin(count);
            using var piece = _tape.CreateFrom(new Shape(Batch, count, Width), Piece(rows, Time, Width, first, count));
            Assert.Equal(Piece(whole, Time, Heads * HeadSize, first, count), piece.Attend(Heads, cache, layer: 2).ToArray());
            cache.Advance();
            first += count;
        }

        Assert.Equal(Time, cache.Length);
    }

    [Fact]
    public void What_does_not_fit_the_cache_is_refused()
    {
        using var cache = NewCache(4, layers: 1);
        using var qkv = _tape.CreateFrom(new Shape(Batch, 1, Width), Rows(1));
        using var single = _tape.CreateZeros(new Shape(1, 1, Width));
        using var narrow = _tape.CreateZeros(new Shape(Batch, 1, Width - HeadSize));

        Assert.Throws<InvalidOperationException>(() => qkv.Attend(Heads, cache)); // nobody has begun
        cache.Begin(1);
        Assert.Throws<ArgumentOutOfRangeException>(() => qkv.Attend(Heads, cache, layer: 1));
        Assert.Throws<ArgumentException>(() => single.Attend(Heads, cache));
        Assert.Throws<ArgumentException>(() => narrow.Attend(Heads, cache));
        Assert.Throws<InvalidOperationException>(() => cache.Begin(5));
    }

    [Fact]
    public void A_recording_tape_is_refused()
    {
        using var tape = new Tape();
        using var cache = NewCache(4, layers: 1);
        cache.Begin(1);

        Assert.Throws<InvalidOperationException>(() => tape.CreateZeros(new Shape(Batch, 1, Width)).Attend(Heads, cache));
    }

    private static KeyValueCache NewCache(int contextLength, int layers) => new(Batch, layers, KeyValueHeads, HeadSize, contextLength);

    private static float[] Rows(int time)
    {
        var random = new Random(1);
        return [.. Enumerable.Range(0, Batch * time * Width).Select(_ => random.NextSingle() - 0.5f)];
    }

    /// <summary>Some positions of each sequence.</summary>
    private static float[] Piece(float[] values, int time, int width, int first, int count)
        => [.. Enumerable.Range(0, Batch).SelectMany(sequence => values.AsSpan(((sequence * time) + first) * width, count * width).ToArray())];
}
