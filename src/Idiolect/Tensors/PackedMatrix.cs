using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// A weight matrix packed once into the panels that the product reads, for inference with few rows, where packing would
/// cost more than multiplying. Packed anew when the weight has changed since.
/// </summary>
internal sealed unsafe class PackedMatrix(Parameter weight) : IDisposable
{
    /// <summary>With more rows than this, packing costs so little that the memory of a second copy is better saved.</summary>
    internal const int MostRows = 32;

    private float* _panels;
    private int _version = -1;
    private Isa _isa;
    private bool _disposed;

    /// <summary>The panels of W^T (in, out) for the team's kernels.</summary>
    internal float* Panels(Team team)
    {
        var (outputs, inputs) = (weight.Shape[0], weight.Shape[1]);
        if (_disposed)
        {
            throw new ObjectDisposedException(weight.Name, "The layer of this weight was disposed.");
        }
        if (_panels == null || _isa != team.Vectors)
        {
            Free();
            _panels = NativeBuffer.Allocate(Gemm.PackedLength(team, inputs, outputs));
            (_isa, _version) = (team.Vectors, -1);
        }
        if (_version != weight.Version)
        {
            Gemm.PackB(team, inputs, outputs, new MatrixView(weight.Data, inputs, transposed: true), _panels);
            _version = weight.Version;
        }
        return _panels;
    }

    public void Dispose()
    {
        _disposed = true;
        Free();
    }

    private void Free()
    {
        NativeBuffer.Free(_panels);
        _panels = null;
    }
}
