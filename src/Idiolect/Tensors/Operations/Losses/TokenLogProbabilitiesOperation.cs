using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// The output layer and the log-probability of a given token in each row, with the entropy of each row's distribution where it is asked for.
/// Chunks of rows: the logits of all rows never exist at once. Like the mean cross-entropy it waits until somebody reads a value, or a
/// backward pass comes by: where only sums of these numbers are asked for, values and gradients are computed in one.
/// </summary>
internal sealed unsafe class TokenLogProbabilitiesOperation : Operation
{
    private TensorNode _x = null!;
    private Parameter _weight = null!;
    private Parameter? _bias;
    private int* _targets; // (rows)

    /// <summary>log p(target | row), in nats; 0 where the target is -1.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(..., width).</param>
    /// <param name="weight">(vocabulary, width).</param>
    /// <param name="bias">(vocabulary), or null.</param>
    /// <param name="targets">(rows): token ids, -1 for rows that do not count.</param>
    /// <param name="entropy">Whether the entropies are wanted.</param>
    /// <returns>Both of the shape of x without its width.</returns>
    internal static (Tensor LogProbabilities, Tensor? Entropies) Apply(
        Tape tape, Tensor x, Parameter weight, Parameter? bias, ReadOnlySpan<int> targets, bool entropy)
    {
        tape.Require(x);
        OutputLayer.Check(x, weight, bias, targets);
        var needsGradient = x.Node.NeedsGradient || weight.RequiresGradient || bias is { RequiresGradient: true };
        var shape = x.Shape.WithoutWidth();
        var y = tape.Create(shape, needsGradient);
        Tensor? entropies = entropy ? tape.Create(shape, needsGradient) : null;
        if (!y.Node.NeedsGradient)
        {
            fixed (int* target = targets)
            {
                var layer = new OutputLayer { X = x.Node, Weight = weight, Bias = bias, Targets = target };
                layer.Forward(tape, y.Pointer, entropies is { } wanted ? wanted.Pointer : null);
                Negate(y.Pointer, targets.Length);
            }
            return (y, entropies);
        }
        var memory = tape.RentMemory(targets.Length);
        targets.CopyTo(new Span<int>(memory.Pointer, targets.Length));
        var record = tape.Record<TokenLogProbabilitiesOperation>(y);
        (record._x, record._weight, record._bias) = (x.Node, weight, bias);
        record._targets = (int*)memory.Pointer;
        record.Save(x);
        record.Own(memory);
        record.Defer(y);
        if (entropies is { } second)
        {
            record.AlsoMade(second);
            record.Defer(second);
        }
        tape.CountUse(weight);
        tape.CountUse(bias);
        return (y, entropies);
    }

    internal override void Evaluate(Tape tape)
    {
        // An output whose handle has ended, and that nobody saved, has no memory any more.
        var losses = Room(tape, Output);
        var entropies = SecondOutput == null ? null : Room(tape, SecondOutput);
        Layer().Forward(tape, losses, entropies);
        Negate(losses, _x.Shape.Rows);
        tape.Profile?.Mark(this, StepPhase.Forward);
    }

    protected internal override void Backward(Tape tape)
    {
        var rows = _x.Shape.Rows;
        // (3, rows): the gradients of the losses, which are minus the log-probabilities; values that are there already
        var memory = tape.RentMemory(3L * rows);
        var ofLosses = memory.Pointer;
        var losses = memory.Pointer + rows;
        var entropies = memory.Pointer + (2L * rows);
        for (var row = 0; row < rows; row++)
        {
            ofLosses[row] = Output.Gradient == null ? 0f : -OutputGradient[row];
        }
        var wait = Output.Deferred == this;
        if (wait && Output.Data is { } values)
        {
            losses = values.Pointer;
        }
        if (SecondOutput?.Deferred == this && SecondOutput.Data is { } second)
        {
            entropies = second.Pointer;
        }
        Layer().ForwardBackward(
            tape, losses, SecondOutput == null ? null : entropies,
            RowGradients.Each(ofLosses, SecondOutput?.Gradient is { } ofEntropies ? ofEntropies.Pointer : null));
        if (wait)
        {
            Negate(losses, rows);
            Settled();
        }
        tape.ReturnMemory(memory);
        tape.Profile?.Mark(this, StepPhase.Forward);
        tape.Contributed(_weight);
        tape.Contributed(_bias);
    }

    private OutputLayer Layer() => new() { X = _x, Weight = _weight, Bias = _bias, Targets = _targets };

    private static float* Room(Tape tape, TensorNode node) => (node.Data ??= tape.RentMemory(node.Shape.Count)).Pointer;

    private static void Negate(float* values, int count)
    {
        for (var i = 0; i < count; i++)
        {
            values[i] = 0f - values[i]; // and no -0 where the target does not count
        }
    }
}
