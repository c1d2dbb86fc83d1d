namespace Idiolect.Tensors;

/// <summary>
/// The sum x + found in the residual stream (He et al. 2016), where a norm makes it on the way: what the norm needs to know of
/// it in both directions. Without found there is no sum, and x is normalised as it is.
/// </summary>
internal readonly unsafe struct ResidualSum
{
    private readonly Tensor _x;
    private readonly TensorNode? _left;
    private readonly TensorNode? _right;

    /// <summary>Makes x the handle of the sum, which takes over the memory of found when nobody else needs it.</summary>
    internal ResidualSum(Tape tape, ref Tensor x, Tensor? found)
    {
        tape.Require(x);
        _x = x;
        X = x.Pointer;
        if (found is { } addend)
        {
            tape.RequireAlike(x, addend);
            (_left, _right) = (x.Node, addend.Node);
            Found = addend.Pointer;
            x = tape.CreateConsuming(addend, _left.NeedsGradient || _right.NeedsGradient);
            Sum = x.Pointer;
        }
    }

    internal float* X { get; }

    internal float* Found { get; } // null: no sum

    internal float* Sum { get; }

    /// <summary>Ends the forward pass, in which <paramref name="norm"/> made the sum, if there is one: x before it is not needed any more.</summary>
    internal void End(Operation? norm, Tensor sum)
    {
        if (_right != null)
        {
            norm?.AlsoMade(sum);
            _x.Dispose();
        }
    }

    /// <summary>Hands the gradient of the sum on to both of its inputs.</summary>
    internal void HandOn(Tape tape, TensorNode sum)
    {
        if (_right != null && sum.Gradient is { } gradient)
        {
            tape.ShareGradient(gradient, _right);
            tape.ShareGradient(gradient, _left!);
        }
    }
}
