using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// The output layer and the mean cross-entropy in one. It runs when somebody asks for the loss or for its gradient: a backward pass
/// that begins before its value was read computes both while a chunk's logits are in the cache; one that begins after it makes the logits again.
/// </summary>
internal sealed unsafe class CrossEntropyOperation : Operation
{
    private TensorNode _x = null!;
    private Parameter _weight = null!;
    private Parameter? _bias;
    private int* _targets; // (rows)
    private float _labelSmoothing;
    private int _counted; // rows whose target is not -1

    /// <summary>The mean loss, in nats, over the rows whose target is not -1; 0 where there are none.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(..., width).</param>
    /// <param name="weight">(vocabulary, width).</param>
    /// <param name="targets">(rows): token ids, -1 for rows that do not count.</param>
    /// <param name="labelSmoothing">The share of each target that goes to all tokens alike, see <see cref="CrossEntropy"/>.</param>
    /// <param name="bias">(vocabulary), added to the logits, or null.</param>
    /// <returns>(1).</returns>
    /// <exception cref="ArgumentException">There is not one target a row, or one is outside the vocabulary.</exception>
    internal static Tensor Apply(
        Tape tape, Tensor x, Parameter weight, ReadOnlySpan<int> targets, float labelSmoothing = 0f, Parameter? bias = null)
    {
        tape.Require(x);
        OutputLayer.Check(x, weight, bias, targets);
        var loss = tape.Create(new Shape(1), x.Node.NeedsGradient || weight.RequiresGradient || bias is { RequiresGradient: true });
        var counted = targets.Length - targets.Count(CrossEntropy.Ignored);
        if (!loss.Node.NeedsGradient)
        {
            fixed (int* target = targets)
            {
                var layer = new OutputLayer { X = x.Node, Weight = weight, Bias = bias, Targets = target, LabelSmoothing = labelSmoothing };
                *loss.Pointer = Mean(tape, layer, counted, seed: null);
            }
            return loss;
        }
        var memory = tape.RentMemory(targets.Length);
        targets.CopyTo(new Span<int>(memory.Pointer, targets.Length));
        var record = tape.Record<CrossEntropyOperation>(loss);
        (record._x, record._weight, record._bias) = (x.Node, weight, bias);
        (record._labelSmoothing, record._counted) = (labelSmoothing, counted);
        record._targets = (int*)memory.Pointer;
        record.Save(x);
        record.Own(memory);
        record.Defer(loss);
        tape.CountUse(weight);
        tape.CountUse(bias);
        return loss;
    }

    internal override void Evaluate(Tape tape)
    {
        *Output.Data!.Pointer = Mean(tape, Layer(), _counted, seed: null);
        tape.Profile?.Mark(this, StepPhase.Forward);
    }

    protected internal override void Backward(Tape tape)
    {
        var mean = Mean(tape, Layer(), _counted, *OutputGradient);
        if (Output.Deferred == this)
        {
            *Output.Data!.Pointer = mean;
            Settled();
        }
        tape.Profile?.Mark(this, StepPhase.Forward); // as bench train counts it: the products of the loss are one piece of work
        tape.Contributed(_weight);
        tape.Contributed(_bias);
    }

    private OutputLayer Layer()
        => new() { X = _x, Weight = _weight, Bias = _bias, Targets = _targets, LabelSmoothing = _labelSmoothing };

    private static float Mean(Tape tape, OutputLayer layer, int counted, float? seed)
    {
        var rows = layer.X.Shape.Rows;
        var losses = tape.RentMemory(rows); // (rows)
        if (seed is { } gradient)
        {
            layer.ForwardBackward(tape, losses.Pointer, null, RowGradients.Same(gradient / Math.Max(1, counted)));
        }
        else
        {
            layer.Forward(tape, losses.Pointer);
        }
        var sum = 0.0;
        for (var row = 0; row < rows; row++)
        {
            sum += losses.Pointer[row];
        }
        tape.ReturnMemory(losses);
        return (float)(sum / Math.Max(1, counted));
    }
}
