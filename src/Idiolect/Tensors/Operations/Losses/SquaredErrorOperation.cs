using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>The weighted mean squared error: the loss of a regression.</summary>
internal sealed unsafe class SquaredErrorOperation : Operation
{
    private TensorNode _y = null!;
    private float* _roots; // like y: sqrt(2 weight / count)
    private float* _errors; // like y: roots * (y - targets)

    /// <summary>sum(weights * (y - targets)^2) / count.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="y">Any shape. The prediction.</param>
    /// <param name="targets">As many values as y has.</param>
    /// <param name="weights">Likewise, none negative; empty for 1 everywhere.</param>
    /// <returns>(1).</returns>
    internal static Tensor Apply(Tape tape, Tensor y, ReadOnlySpan<float> targets, ReadOnlySpan<float> weights = default)
    {
        var count = checked((int)y.Shape.Count);
        if (targets.Length != count || (weights.Length != 0 && weights.Length != count))
        {
            throw new ArgumentException($"{targets.Length} targets and {weights.Length} weights for outputs {y.Shape}.", nameof(targets));
        }
        foreach (var weight in weights)
        {
            if (!(weight >= 0f))
            {
                throw new ArgumentException($"A weight is {weight}; none may be negative.", nameof(weights));
            }
        }
        var loss = tape.Create(new Shape(1), y.Node.NeedsGradient);
        var roots = tape.RentMemory(count);
        var errors = tape.RentMemory(count);
        for (var i = 0; i < count; i++)
        {
            roots.Pointer[i] = MathF.Sqrt(2f * (weights.IsEmpty ? 1f : weights[i]) / count);
        }
        fixed (float* target = targets)
        {
            *loss.Pointer = (float)SquaredError.Forward(tape.Team, y.Pointer, target, roots.Pointer, errors.Pointer, count);
        }
        if (!loss.Node.NeedsGradient)
        {
            tape.ReturnMemory(roots);
            tape.ReturnMemory(errors);
            return loss;
        }
        var record = tape.Record<SquaredErrorOperation>(loss);
        record.Own(roots);
        record.Own(errors);
        record._y = y.Node;
        record._roots = roots.Pointer;
        record._errors = errors.Pointer;
        return loss;
    }

    protected internal override void Backward(Tape tape)
    {
        var dy = tape.Gradient(_y, out var accumulate);
        if (*OutputGradient != 1f)
        {
            LinearCombination.Apply(tape.Team, *OutputGradient, _errors, 0f, _errors, _errors, _y.Shape.Count);
        }
        SquaredError.Backward(tape.Team, _errors, _roots, dy, accumulate, _y.Shape.Count);
    }
}
