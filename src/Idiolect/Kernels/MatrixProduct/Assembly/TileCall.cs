using System.Runtime.InteropServices;

namespace Idiolect.Kernels.Assembly;

/// <summary>What an assembled micro-kernel reads: a column of tiles of C, all against one panel of B. Offsets are part of its code.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct TileCall
{
    internal void* A; // (tiles, steps, rows, elements of a step); or, for tile registers, (tiles, steps / 16, rows, 16, 2); of scaled integers a step more, of a float each
    internal void* B; // (steps, columns, elements of a step); of scaled integers a step more, of a float each
    internal void* C; // (tiles x rows, columns), 4 bytes an element
    internal void* Start; // what C starts from: C itself, a row to add to each row of C (its stride 0), or null for zero
    internal long Steps; // groups of inner indices: one in fp32, two in bf16 and int16, four in int8; at least 1; for tile registers a multiple of 16
    internal long CStride; // bytes between rows of C
    internal long StartStride; // bytes between rows of Start
    internal long TileBytes; // bytes between tiles of A
    internal long Tiles; // at least 1
    internal void* Ahead; // what to fetch into the second-level cache meanwhile: in each turn of the loop as many bytes as B has columns x 4; any address, for it is only ever prefetched
    internal long AheadStride; // bytes from one of these to the next
    internal long AheadTileStride; // bytes from the first of a tile to the first of the next
}
