using System.Runtime.InteropServices;
using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>The cosines and sines of rotary positions: (positions, head size / 2) each, computed in double.</summary>
internal sealed unsafe class RotaryTable : IDisposable
{
    internal RotaryTable(int positions, int headSize, double theta)
    {
        HeadSize = headSize;
        var count = (nuint)positions * (nuint)(headSize / 2);
        Cosines = (float*)NativeMemory.AlignedAlloc(count * 2 * sizeof(float), 64);
        Sines = Cosines + count;
        Rope.FillTables(Cosines, Sines, positions, headSize, theta);
    }

    internal int HeadSize { get; }

    internal float* Cosines { get; private set; }

    internal float* Sines { get; }

    public void Dispose()
    {
        NativeMemory.AlignedFree(Cosines);
        Cosines = null;
    }
}
