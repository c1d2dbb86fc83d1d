using Idiolect.Kernels;
using static Idiolect.Kernels.Rounding;
namespace Idiolect.Tensors;

/// <summary>A piece of an arena, with the number of owners that still need it.</summary>
internal sealed unsafe class ArenaBlock
{
    internal float* Pointer;
    internal long Count; // floats, rounded up to a whole number of 64-byte lines
    internal int References; // 0: free
    internal ArenaBlock? Previous; // the neighbours in memory, within one chunk
    internal ArenaBlock? Next;
}

/// <summary>
/// The memory of a step: a best-fit allocator over a few large native chunks that it keeps. Blocks are counted references,
/// so that tensors can share one; a block freed by its last owner merges with its free neighbours. Steps of one shape
/// repeat the same sequence of requests, so after the first of them nothing more is asked of the system, and block
/// records are reused, so nothing of the garbage collector either.
/// </summary>
internal sealed unsafe class Arena : IDisposable
{
    private const int Line = 16; // floats in a 64-byte cache line
    private const long SmallestChunk = 4 * 1024 * 1024; // floats

    private readonly List<ArenaBlock> _chunks = []; // the first block of each chunk
    private readonly List<nint> _memory = [];
    private readonly Stack<ArenaBlock> _spareRecords = [];
    private bool _disposed;

    /// <summary>Floats in blocks that have an owner now.</summary>
    internal long InUse { get; private set; }

    /// <summary>The most floats that were in use at once.</summary>
    internal long Peak { get; private set; }

    /// <summary>Floats taken from the system.</summary>
    internal long Reserved { get; private set; }

    /// <summary>A block of at least <paramref name="count"/> floats with one owner, 64-byte aligned, contents undefined.</summary>
    internal ArenaBlock Allocate(long count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        count = Math.Max(Line, RoundUp(count, Line));
        var best = FindBest(count) ?? AddChunk(count);
        if (best.Count > count)
        {
            Split(best, count);
        }
        best.References = 1;
        InUse += best.Count;
        Peak = Math.Max(Peak, InUse);
        return best;
    }

    /// <summary>Takes one owner away; the last one frees the block.</summary>
    internal void Release(ArenaBlock block)
    {
        if (--block.References > 0)
        {
            return;
        }
        InUse -= block.Count;
        if (block.Next is { References: 0 } next)
        {
            Absorb(block, next);
        }
        if (block.Previous is { References: 0 } previous)
        {
            Absorb(previous, block);
        }
    }

    public void Dispose()
    {
        _disposed = true;
        foreach (var memory in _memory)
        {
            NativeBuffer.Free((float*)memory);
        }
        _memory.Clear();
        _chunks.Clear();
    }

    private ArenaBlock? FindBest(long count)
    {
        ArenaBlock? best = null;
        foreach (var chunk in _chunks)
        {
            for (var block = chunk; block != null; block = block.Next)
            {
                if (block.References == 0 && block.Count >= count && (best == null || block.Count < best.Count))
                {
                    best = block;
                }
            }
        }
        return best;
    }

    private ArenaBlock AddChunk(long count)
    {
        // Chunks grow with what is held already, so that their number stays small.
        var size = Math.Max(count, Math.Max(SmallestChunk, Reserved / 4));
        size = RoundUp(size, Line);
        var memory = NativeBuffer.Allocate(size);
        _memory.Add((nint)memory);
        Reserved += size;
        var block = NewRecord();
        block.Pointer = memory;
        (block.Count, block.Previous, block.Next) = (size, null, null);
        _chunks.Add(block);
        return block;
    }

    private void Split(ArenaBlock block, long count)
    {
        var rest = NewRecord();
        rest.Pointer = block.Pointer + count;
        (rest.Count, rest.Previous, rest.Next) = (block.Count - count, block, block.Next);
        if (block.Next != null)
        {
            block.Next.Previous = rest;
        }
        (block.Count, block.Next) = (count, rest);
    }

    private void Absorb(ArenaBlock block, ArenaBlock next)
    {
        block.Count += next.Count;
        block.Next = next.Next;
        if (next.Next != null)
        {
            next.Next.Previous = block;
        }
        _spareRecords.Push(next);
    }

    private ArenaBlock NewRecord()
    {
        var record = _spareRecords.Count > 0 ? _spareRecords.Pop() : new ArenaBlock();
        record.References = 0;
        return record;
    }
}
