using static Idiolect.Kernels.Rounding;

namespace Idiolect.Data;

/// <summary>
/// The batches that a model is evaluated on: windows that do not overlap, the same ones each time; all of the stream, or a number
/// of batches spread evenly over it.
/// </summary>
/// <remarks>
/// Bits per byte is (sum of the nats of all scored targets) / ln 2 / <see cref="ScoredBytes"/>. Separators are scored but stand
/// for no bytes, so a model pays for saying where a document ends. When all of a stream is scored and it begins with a separator, the scored
/// bytes are all of its bytes; without one, the first token cannot be scored.
/// </remarks>
public sealed class EvaluationBatches
{
    private readonly TokenDataset _data;
    private readonly long _totalWindows;
    private readonly long _windows;

    /// <summary>Makes the batches.</summary>
    /// <param name="data">The token stream; it must outlive the batches.</param>
    /// <param name="batchSize">The windows of one batch.</param>
    /// <param name="contextLength">The tokens of one window.</param>
    /// <param name="tokenBytes">The UTF-8 bytes that each token of the vocabulary stands for, (vocabulary size).</param>
    /// <param name="maxBatches">The number of batches; 0 means all of the stream.</param>
    /// <exception cref="InvalidDataException">The stream has fewer than two tokens.</exception>
    public EvaluationBatches(TokenDataset data, int batchSize, int contextLength, ReadOnlySpan<int> tokenBytes, int maxBatches = 0)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(contextLength, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(maxBatches);
        if (tokenBytes.Length < data.VocabularySize)
        {
            throw new ArgumentException($"Expected the bytes of {data.VocabularySize} tokens, found {tokenBytes.Length}.", nameof(tokenBytes));
        }
        if (data.TokenCount < 2)
        {
            throw new InvalidDataException($"The text has {data.TokenCount} token{(data.TokenCount == 1 ? "" : "s")}, and it takes two to measure: give more text.");
        }
        _data = data;
        BatchSize = batchSize;
        ContextLength = contextLength;
        _totalWindows = CeilingDivide(data.TokenCount - 1, contextLength);
        _windows = maxBatches == 0 ? _totalWindows : Math.Min(_totalWindows, (long)maxBatches * batchSize);
        BatchCount = checked((int)CeilingDivide(_windows, batchSize));
        (ScoredTokens, ScoredBytes) = Count(tokenBytes);
    }

    /// <summary>The windows of one batch.</summary>
    public int BatchSize { get; }

    /// <summary>The tokens of one window.</summary>
    public int ContextLength { get; }

    /// <summary>The number of batches.</summary>
    public int BatchCount { get; }

    /// <summary>The targets of all batches that are not -1.</summary>
    public long ScoredTokens { get; }

    /// <summary>The UTF-8 bytes that those targets stand for.</summary>
    public long ScoredBytes { get; }

    /// <summary>Fills one batch; allocates nothing.</summary>
    /// <param name="batch">Which, from 0.</param>
    /// <param name="inputs">Receives the tokens, (batch, context).</param>
    /// <param name="targets">Receives the token after each, (batch, context), or -1 where none is scored.</param>
    /// <returns>The number of targets in the batch that are scored.</returns>
    /// <exception cref="ArgumentException">A span is not batch x context long.</exception>
    public int Fill(int batch, Span<int> inputs, Span<int> targets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(batch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(batch, BatchCount);
        Window.Require(inputs, targets, BatchSize, ContextLength);
        var scored = 0;
        for (var row = 0; row < BatchSize; row++)
        {
            var window = ((long)batch * BatchSize) + row;
            var (start, count) = window < _windows ? Locate(window) : (0, 0);
            Window.Fill(_data, start, count, Window.Row(inputs, row, ContextLength), Window.Row(targets, row, ContextLength));
            scored += count;
        }
        return scored;
    }

    /// <summary>Bits per byte for the summed nats of all scored targets.</summary>
    public double BitsPerByte(double totalNats) => totalNats / Math.Log(2) / ScoredBytes;

    /// <summary>Where a window begins and how many targets it has; the last one of the stream may have fewer.</summary>
    private (long Start, int Count) Locate(long window)
    {
        // Of all windows, every (total / chosen)-th; in 128 bits, because the product may be large.
        var start = (long)((Int128)window * _totalWindows / _windows) * ContextLength;
        return (start, (int)Math.Min(ContextLength, _data.TokenCount - 1 - start));
    }

    private (long Tokens, long Bytes) Count(ReadOnlySpan<int> tokenBytes)
    {
        var targets = new int[ContextLength];
        long tokens = 0;
        long bytes = 0;
        for (long window = 0; window < _windows; window++)
        {
            var (start, count) = Locate(window);
            _data.CopyTo(start + 1, targets.AsSpan(0, count));
            foreach (var target in targets.AsSpan(0, count))
            {
                bytes += tokenBytes[target];
            }
            tokens += count;
        }
        return (tokens, bytes);
    }
}
