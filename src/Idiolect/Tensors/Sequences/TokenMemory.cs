namespace Idiolect.Tensors;

/// <summary>
/// A memory that is the tokens themselves: the last ones of each text, which a model reads again with every new one. For a model that looks back
/// only so far, such as an n-gram model or a convolution, and the simplest one for an architecture of one's own.
/// </summary>
public sealed class TokenMemory : ISequenceMemory
{
    private readonly int _most;
    private int[] _past = []; // (batch, kept)
    private int[] _text = []; // (batch, kept + time), of the last call

    /// <summary>Makes an empty memory.</summary>
    /// <param name="batch">Texts.</param>
    /// <param name="most">The most tokens that are kept of each.</param>
    public TokenMemory(int batch, int most)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(most);
        (Batch, _most) = (batch, most);
    }

    /// <inheritdoc/>
    public int Batch { get; }

    /// <inheritdoc/>
    public int Length { get; private set; }

    /// <summary>No limit: a text may go on forever.</summary>
    public int ContextLength => int.MaxValue;

    /// <summary>Takes new tokens in.</summary>
    /// <param name="tokens">(batch, time): what follows in each text.</param>
    /// <returns>(batch, kept + time): what was kept of each text, and the new tokens behind it. Valid until the next call.</returns>
    /// <exception cref="ArgumentException">The tokens are no whole sequences for the texts.</exception>
    public ReadOnlySpan<int> Append(ReadOnlySpan<int> tokens)
    {
        var (time, kept) = (tokens.Length / Batch, _past.Length / Batch);
        if (time * Batch != tokens.Length || time == 0)
        {
            throw new ArgumentException($"{tokens.Length} tokens are not {Batch} sequences of equal length.", nameof(tokens));
        }
        var width = kept + time;
        if (_text.Length < Batch * width)
        {
            _text = new int[Batch * width];
        }
        var next = Math.Min(_most, width);
        var past = _past.Length == Batch * next ? _past : new int[Batch * next];
        for (var text = 0; text < Batch; text++)
        {
            var row = _text.AsSpan(text * width, width);
            _past.AsSpan(text * kept, kept).CopyTo(row);
            tokens.Slice(text * time, time).CopyTo(row[kept..]);
        }
        for (var text = 0; text < Batch; text++)
        {
            _text.AsSpan((text * width) + width - next, next).CopyTo(past.AsSpan(text * next));
        }
        _past = past;
        Length = (int)Math.Min((long)Length + time, int.MaxValue - 1);
        return _text.AsSpan(0, Batch * width);
    }

    /// <inheritdoc/>
    public void Clear() => (_past, Length) = ([], 0);

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
