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

    /// <summary>The panels of W^T (in, out) for the team's kernels.</summary>
    internal float* Panels(Team team)
    {
        var (outputs, inputs) = (weight.Shape[0], weight.Shape[1]);
        if (_panels == null || _isa != team.Vectors)
        {
            Dispose();
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
        NativeBuffer.Free(_panels);
        _panels = null;
    }
}
