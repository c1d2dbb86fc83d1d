using System.Diagnostics.CodeAnalysis;

namespace Idiolect.Tokenization;

/// <summary>
/// Remembers how short pieces were encoded: words repeat. Each piece has one slot, which the latest piece takes, so the
/// memory is bounded; entries are immutable and replaced whole, so any number of threads may read and write.
/// </summary>
internal sealed class PieceCache
{
    private const int SlotCount = 1 << 15;
    private const int LongestPiece = 64;

    private readonly Entry?[] _slots = new Entry?[SlotCount];

    internal bool TryGet(ReadOnlySpan<char> piece, [NotNullWhen(true)] out int[]? ids)
    {
        ids = null;
        if (piece.Length <= LongestPiece && Volatile.Read(ref SlotOf(piece)) is { } entry && piece.SequenceEqual(entry.Piece))
        {
            ids = entry.Ids;
        }
        return ids is not null;
    }

    internal void Add(ReadOnlySpan<char> piece, ReadOnlySpan<int> ids)
    {
        if (piece.Length <= LongestPiece)
        {
            Volatile.Write(ref SlotOf(piece), new Entry(piece.ToString(), ids.ToArray()));
        }
    }

    private ref Entry? SlotOf(ReadOnlySpan<char> piece) => ref _slots[string.GetHashCode(piece) & (SlotCount - 1)];

    private sealed record Entry(string Piece, int[] Ids);
}
