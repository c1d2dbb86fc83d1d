namespace Idiolect.Kernels;

/// <summary>
/// The sizes, strides (in floats) and options of one call of <see cref="Attention"/>. Rows of queries, keys, values and
/// outputs may be column slices of wider rows, such as those of one fused (batch, time, query | key | value) buffer.
/// </summary>
internal struct AttentionShape
{
    /// <summary>Sequences.</summary>
    internal int Batch;

    /// <summary>Query rows of each sequence.</summary>
    internal int QueryLength;

    /// <summary>Key rows of each sequence that exist, padding included. Only the backward pass, which writes them all, reads it.</summary>
    internal int KeyLength;

    /// <summary>Query heads; a multiple of <see cref="KeyValueHeadCount"/>.</summary>
    internal int HeadCount;

    /// <summary>Key and value heads. Head h of the queries reads head h / (HeadCount / KeyValueHeadCount) of these.</summary>
    internal int KeyValueHeadCount;

    /// <summary>Floats of one head of a query, key or value.</summary>
    internal int HeadSize;

    /// <summary>Between consecutive query rows; head h starts at h * HeadSize, sequence b at b * QueryLength rows.</summary>
    internal int QueryStride;

    /// <summary>Between consecutive output rows, laid out as the query rows are.</summary>
    internal int OutputStride;

    /// <summary>Between consecutive keys of a page, and between consecutive values.</summary>
    internal int KeyStride;

    /// <summary>Whether a query sees only keys at its own position and before.</summary>
    internal bool Causal;

    /// <summary>The factor on query · key before the softmax, as a rule 1 / sqrt(HeadSize).</summary>
    internal float Scale;

    /// <summary>The probability, in [0, 1), that an attention probability is set to 0; the others grow by 1 / (1 - it).</summary>
    internal float DropoutProbability;

    /// <summary>The key of the dropout mask, see <see cref="CounterRandom"/>.</summary>
    internal ulong DropoutKey;

    /// <summary>The number of the first sequence among the samples that the keys of masks count.</summary>
    internal long FirstSample;

    /// <summary>Query heads that share one key-value head.</summary>
    internal readonly int GroupSize => HeadCount / KeyValueHeadCount;

    internal readonly void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegative(Batch);
        ArgumentOutOfRangeException.ThrowIfNegative(QueryLength);
        ArgumentOutOfRangeException.ThrowIfNegative(KeyLength);
        ArgumentOutOfRangeException.ThrowIfLessThan(HeadSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(KeyValueHeadCount, 1);
        if (HeadCount < 1 || HeadCount % KeyValueHeadCount != 0)
        {
            throw new ArgumentException($"{HeadCount} query heads cannot be shared evenly by {KeyValueHeadCount} key-value heads.");
        }
        if (!(DropoutProbability is >= 0f and < 1f))
        {
            throw new ArgumentException($"Dropout probability {DropoutProbability} is not in [0, 1).");
        }
    }
}
