using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>y = x W^T + b, with W (out, in) as PyTorch keeps it.</summary>
internal sealed unsafe class LinearOperation : Operation
{
    private TensorNode _x = null!;
    private Parameter _weight = null!;
    private Parameter? _bias;

    /// <summary>With the place of its weight within a block, such as "attention.qkv": all blocks do the same work.</summary>
    internal override string Name
        => $"{base.Name} {string.Join('.', _weight.Name.Split('.')[..^1].Reverse().TakeWhile(part => !char.IsAsciiDigit(part[0])).Reverse())}";

    /// <summary>Applies a linear layer to the rows of x.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(..., in).</param>
    /// <param name="weight">(out, in).</param>
    /// <param name="bias">(out), or null.</param>
    /// <param name="packed">The weight packed for inference, or null.</param>
    /// <returns>(..., out).</returns>
    internal static Tensor Apply(Tape tape, Tensor x, Parameter weight, Parameter? bias, PackedMatrix? packed = null)
    {
        tape.Require(x);
        var (rows, inputs, outputs) = (x.Shape.Rows, x.Shape.Width, weight.Shape[0]);
        Tape.RequireVector(bias, outputs);
        if (weight.Shape.Rank != 2 || weight.Shape[1] != inputs)
        {
            throw new ArgumentException($"{weight.Name} has shape {weight.Shape} and cannot multiply rows of width {inputs}.", nameof(x));
        }
        var needsGradient = x.Node.NeedsGradient || weight.RequiresGradient || bias is { RequiresGradient: true };
        var y = tape.Create(x.Shape.WithWidth(outputs), needsGradient);
        var start = bias == null ? GemmStart.Zero : GemmStart.Bias;
        var biasData = bias == null ? null : bias.Data;
        var left = new MatrixView(x.Pointer, inputs);
        if (packed != null && !tape.Recording && rows <= PackedMatrix.MostRows)
        {
            Gemm.MultiplyPacked(
                tape.Team, rows, outputs, inputs, left, packed.Panels(tape.Team), y.Pointer, outputs, start, biasData);
        }
        else
        {
            Gemm.Multiply(
                tape.Team, rows, outputs, inputs, left, new MatrixView(weight.Data, inputs, transposed: true),
                y.Pointer, outputs, start, biasData, tape.Precision);
        }
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<LinearOperation>(y);
            (record._x, record._weight, record._bias) = (x.Node, weight, bias);
            record.SaveOrRecompute(x);
            tape.CountUse(weight);
            tape.CountUse(bias);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var (rows, inputs, outputs) = (_x.Shape.Rows, _x.Shape.Width, _weight.Shape[0]);
        var dy = OutputGradient; // (rows, out)
        if (_bias is { RequiresGradient: true })
        {
            // First: dy still lies in the caches of the threads that wrote its rows.
            BiasGradient.Accumulate(tape.Team, dy, _bias.Gradient, rows, outputs);
            tape.Contributed(_bias);
        }
        if (_weight.RequiresGradient)
        {
            // dW (out, in) += dy^T x
            var dWeight = _weight.AddingProduct(out var start);
            Gemm.Multiply(
                tape.Team, outputs, inputs, rows, new MatrixView(dy, outputs, transposed: true),
                new MatrixView(tape.Data(_x), inputs), dWeight, inputs, start, precision: tape.Precision);
            tape.ReleaseDataIfUnused(_x);
            tape.Contributed(_weight);
        }
        if (_x.NeedsGradient)
        {
            // dx (rows, in) = dy W
            var dx = tape.Gradient(_x, out var accumulate);
            Gemm.Multiply(
                tape.Team, rows, inputs, outputs, new MatrixView(dy, outputs), new MatrixView(_weight.Data, inputs),
                dx, inputs, accumulate ? GemmStart.Accumulate : GemmStart.Zero, precision: tape.Precision);
        }
    }
}
