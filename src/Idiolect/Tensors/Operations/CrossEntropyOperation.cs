using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// The output layer and the mean cross-entropy in one, over chunks of rows, so that the logits of all rows never exist at
/// once. While a chunk's logits are in the cache, its gradients are computed too: the backward pass only hands them on.
/// </summary>
internal sealed unsafe class CrossEntropyOperation : Operation
{
    /// <summary>
    /// Logits held at once: 64 MiB. Every chunk reads and writes the whole gradient of the weight, so smaller is slower.
    /// </summary>
    private const long ChunkFloats = 16 * 1024 * 1024;

    private TensorNode _x = null!;
    private Parameter _weight = null!;
    private Parameter? _bias;
    private ArenaBlock? _dx; // where x needs a gradient

    /// <summary>The mean loss, in nats, over the rows whose target is not -1.</summary>
    /// <param name="tape">The step. When it records, the weight's gradient is added to here and now.</param>
    /// <param name="x">(..., width).</param>
    /// <param name="weight">(vocabulary, width).</param>
    /// <param name="targets">(rows): token ids, -1 for rows that do not count.</param>
    /// <param name="scale">What the gradients are multiplied by: 1 / (micro-steps accumulated into one update).</param>
    /// <param name="labelSmoothing">The share of each target that goes to all tokens alike, see <see cref="CrossEntropy"/>.</param>
    /// <param name="bias">(vocabulary), added to the logits, or null; its gradient is added to like the weight's.</param>
    /// <returns>(1), not multiplied by <paramref name="scale"/>.</returns>
    /// <exception cref="ArgumentException">There is not one target a row, or one is outside the vocabulary.</exception>
    internal static Tensor Apply(
        Tape tape, Tensor x, Parameter weight, ReadOnlySpan<int> targets, float scale = 1f, float labelSmoothing = 0f, Parameter? bias = null)
    {
        var (rows, width, vocabulary) = (x.Shape.Rows, x.Shape.Width, weight.Shape[0]);
        if (targets.Length != rows)
        {
            throw new ArgumentException($"{targets.Length} targets for {rows} tokens.", nameof(targets));
        }
        TokenIds.Check(targets, -1, vocabulary, nameof(targets));
        var counted = targets.Length - targets.Count(-1);
        var perRow = scale / Math.Max(1, counted);
        var loss = tape.Create(new Shape(1), x.Node.NeedsGradient || weight.RequiresGradient || bias is { RequiresGradient: true });
        var (start, biasData) = bias == null ? (GemmStart.Zero, 0) : (GemmStart.Bias, (nint)bias.Data);
        var chunk = (int)Math.Min(rows, Math.Max(64, ChunkFloats / vocabulary));
        var stride = Gemm.AlignedStride(vocabulary);
        var logits = tape.RentMemory((long)chunk * stride); // (chunk, vocabulary), rows stride apart
        var losses = tape.RentMemory(rows);
        var dx = loss.Node.NeedsGradient && x.Node.NeedsGradient ? tape.RentMemory(x.Shape.Count) : null;
        fixed (int* target = targets)
        {
            for (var first = 0; first < rows; first += chunk)
            {
                var count = Math.Min(chunk, rows - first);
                var input = new MatrixView(x.Pointer + ((long)first * width), width); // (count, width)
                Gemm.Multiply(
                    tape.Team, count, vocabulary, width, input, new MatrixView(weight.Data, width, transposed: true),
                    logits.Pointer, stride, start, (float*)biasData, tape.Precision);
                if (!loss.Node.NeedsGradient)
                {
                    CrossEntropy.Forward(tape.Team, logits.Pointer, target + first, losses.Pointer + first, count, vocabulary, stride, labelSmoothing);
                    continue;
                }
                CrossEntropy.ForwardBackward(
                    tape.Team, logits.Pointer, target + first, losses.Pointer + first, count, vocabulary, stride, perRow, labelSmoothing);
                if (weight.RequiresGradient)
                {
                    var dWeight = weight.AddingProduct(out var from);
                    Gemm.Multiply(
                        tape.Team, vocabulary, width, count, new MatrixView(logits.Pointer, stride, transposed: true), input,
                        dWeight, width, from, precision: tape.Precision);
                }
                if (bias is { RequiresGradient: true })
                {
                    BiasGradient.Accumulate(tape.Team, logits.Pointer, bias.Gradient, count, vocabulary, stride);
                }
                if (dx != null)
                {
                    Gemm.Multiply(
                        tape.Team, count, width, vocabulary, new MatrixView(logits.Pointer, stride),
                        new MatrixView(weight.Data, width), dx.Pointer + ((long)first * width), width, precision: tape.Precision);
                }
            }
        }
        var sum = 0.0;
        for (var row = 0; row < rows; row++)
        {
            sum += losses.Pointer[row];
        }
        *loss.Pointer = (float)(sum / Math.Max(1, counted));
        tape.ReturnMemory(logits);
        tape.ReturnMemory(losses);
        if (loss.Node.NeedsGradient)
        {
            var record = tape.Record<CrossEntropyOperation>(loss);
            (record._x, record._weight, record._bias) = (x.Node, weight, bias);
            record.Own(dx);
            record._dx = dx;
            tape.CountUse(weight);
            tape.CountUse(bias);
        }
        return loss;
    }

    protected internal override void Backward(Tape tape)
    {
        tape.Contributed(_weight);
        tape.Contributed(_bias);
        if (_x.NeedsGradient)
        {
            tape.ShareGradient(_dx!, _x);
        }
    }
}
