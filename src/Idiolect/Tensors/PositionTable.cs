using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>The sinusoidal positions of a model: (positions, width), computed, not learned.</summary>
internal sealed unsafe class PositionTable : IDisposable
{
    internal PositionTable(int positions, int width)
    {
        (Positions, Width) = (positions, width);
        Values = NativeBuffer.Allocate((long)positions * width);
        PositionalEncoding.FillTable(Values, positions, width);
    }

    internal int Positions { get; }

    internal int Width { get; }

    internal float* Values { get; private set; }

    public void Dispose()
    {
        NativeBuffer.Free(Values);
        Values = null;
    }
}
