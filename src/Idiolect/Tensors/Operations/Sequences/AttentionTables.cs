using Idiolect.Kernels;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Tensors;

/// <summary>
/// What attention reads beside queries: page tables of keys and values that lie as columns in one (batch, time, stride)
/// buffer, the number of keys of each sequence, and the position of its first query.
/// </summary>
internal readonly unsafe struct AttentionTables
{
    private readonly int _batch;
    private readonly int _time;

    /// <param name="memory">At least <see cref="Floats"/>.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="time">Keys of each, padding included.</param>
    internal AttentionTables(ArenaBlock memory, int batch, int time)
    {
        (_batch, _time) = (batch, time);
        PagesPerSequence = Pages(time);
        KeyPages = (float**)memory.Pointer;
        ValuePages = KeyPages + (batch * PagesPerSequence);
        KeyLengths = (int*)(ValuePages + (batch * PagesPerSequence));
        QueryOffsets = KeyLengths + batch;
    }

    /// <summary>Two tables of 8-byte pointers and two of 4-byte integers, in floats.</summary>
    internal static long Floats(int batch, int time) => ((long)batch * Pages(time) * 4) + (2L * batch);

    internal float** KeyPages { get; } // (batch, pages)

    internal float** ValuePages { get; } // (batch, pages)

    internal int PagesPerSequence { get; }

    internal int* KeyLengths { get; } // (batch)

    internal int* QueryOffsets { get; } // (batch): 0

    /// <summary>Points into a buffer.</summary>
    /// <param name="keys">The first sequence's first key.</param>
    /// <param name="values">The first sequence's first value.</param>
    /// <param name="stride">Floats between rows.</param>
    /// <param name="lengths">(batch) keys that count, or null for all.</param>
    internal void Fill(float* keys, float* values, int stride, int* lengths)
    {
        for (var sequence = 0; sequence < _batch; sequence++)
        {
            for (var page = 0; page < PagesPerSequence; page++)
            {
                var offset = (((long)sequence * _time) + ((long)page * Attention.PageLength)) * stride;
                KeyPages[(sequence * PagesPerSequence) + page] = keys + offset;
                ValuePages[(sequence * PagesPerSequence) + page] = values + offset;
            }
            KeyLengths[sequence] = lengths == null ? _time : lengths[sequence];
            QueryOffsets[sequence] = 0;
        }
    }

    private static int Pages(int time) => CeilingDivide(time, Attention.PageLength);
}
