using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>The gated activation SwiGLU (Shazeer 2020, section 2) over a fused gate and up projection.</summary>
internal sealed unsafe class SwiGluOperation : Operation
{
    private TensorNode _gateUp = null!;

    /// <summary>y = silu(gate) * up.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="gateUp">(..., 2 * width): gate, then up.</param>
    /// <returns>(..., width).</returns>
    internal static Tensor Apply(Tape tape, Tensor gateUp)
    {
        tape.Require(gateUp);
        if (gateUp.Shape.Width % 2 != 0)
        {
            throw new ArgumentException($"Gate and up are halves of a row; rows of {gateUp.Shape} have none.", nameof(gateUp));
        }
        var width = gateUp.Shape.Width / 2;
        var y = tape.Create(gateUp.Shape.WithWidth(width), gateUp.Node.NeedsGradient);
        SwiGlu.Forward(tape.Team, gateUp.Pointer, y.Pointer, gateUp.Shape.Rows, width);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<SwiGluOperation>(y);
            record.Save(gateUp);
            record._gateUp = gateUp.Node;
            y.Node.Producer = y.Shape.Count >= tape.RecomputeFrom ? record : null;
        }
        return y;
    }

    internal override void Recompute(Tape tape, float* output)
        => SwiGlu.Forward(tape.Team, _gateUp.Data!.Pointer, output, _gateUp.Shape.Rows, Output.Shape.Width);

    protected internal override void Backward(Tape tape)
    {
        var (rows, width) = (_gateUp.Shape.Rows, Output.Shape.Width);
        var dGateUp = tape.Gradient(_gateUp, out var accumulate);
        if (accumulate)
        {
            throw new InvalidOperationException("A fused gate and up projection feeds one SwiGLU only.");
        }
        SwiGlu.Backward(tape.Team, OutputGradient, _gateUp.Data!.Pointer, dGateUp, rows, width);
    }
}
