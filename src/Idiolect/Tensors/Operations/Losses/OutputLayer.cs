using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// The last linear layer of a model and what is asked of its logits, over chunks of rows, so that the logits of all rows never
/// exist at once. While a chunk's logits are in the cache they become their own gradients, which go on to the weight, the bias
/// and the hidden states at once.
/// </summary>
internal readonly unsafe struct OutputLayer
{
    /// <summary>
    /// Logits held at once: 64 MiB. Every chunk reads and writes the whole gradient of the weight, so smaller is slower.
    /// </summary>
    private const long ChunkFloats = 16 * 1024 * 1024;

    /// <summary>(rows, width): the hidden states.</summary>
    internal required TensorNode X { get; init; }

    /// <summary>(vocabulary, width).</summary>
    internal required Parameter Weight { get; init; }

    /// <summary>(vocabulary), or null.</summary>
    internal Parameter? Bias { get; init; }

    /// <summary>(rows): a token each, or -1 for a row that does not count.</summary>
    internal required int* Targets { get; init; }

    /// <summary>The share of each target that goes to all tokens alike.</summary>
    internal float LabelSmoothing { get; init; }

    internal bool NeedsGradient => X.NeedsGradient || Weight.RequiresGradient || Bias is { RequiresGradient: true };

    /// <summary>Refuses what an output layer cannot work on.</summary>
    /// <exception cref="ArgumentException">There is not one target a row, or one is outside the vocabulary, or widths differ.</exception>
    internal static void Check(Tensor x, Parameter weight, Parameter? bias, ReadOnlySpan<int> targets)
    {
        _ = x.Pointer; // neither disposed nor still waiting for its value
        if (weight.Shape.Rank != 2 || weight.Shape[1] != x.Shape.Width)
        {
            throw new ArgumentException($"{weight.Name} has shape {weight.Shape} and cannot multiply rows of width {x.Shape.Width}.", nameof(x));
        }
        Tape.RequireVector(bias, weight.Shape[0]);
        if (targets.Length != x.Shape.Rows)
        {
            throw new ArgumentException($"{targets.Length} targets for {x.Shape.Rows} tokens.", nameof(targets));
        }
        TokenIds.Check(targets, -1, weight.Shape[0], nameof(targets));
    }

    /// <summary>The loss of every row, in nats: minus the log-probability of its target.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="losses">(rows); 0 where the target is -1.</param>
    /// <param name="entropies">(rows): the entropy of each distribution, in nats; null where it is not asked for.</param>
    internal void Forward(Tape tape, float* losses, float* entropies = null)
        => Run(tape, losses, entropies, gradients: null);

    /// <summary>The same, and the gradients of the losses, added to those of the weight, the bias and the hidden states.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="losses">(rows).</param>
    /// <param name="entropies">(rows), or null.</param>
    /// <param name="gradients">The gradients from above.</param>
    internal void ForwardBackward(Tape tape, float* losses, float* entropies, RowGradients gradients)
        => Run(tape, losses, entropies, gradients);

    private void Run(Tape tape, float* losses, float* entropies, RowGradients? gradients)
    {
        var (rows, width, vocabulary) = (X.Shape.Rows, X.Shape.Width, Weight.Shape[0]);
        var chunk = (int)Math.Min(rows, Math.Max(64, ChunkFloats / vocabulary));
        var stride = Gemm.AlignedStride(vocabulary);
        var accumulate = false;
        var dx = gradients != null && X.NeedsGradient ? tape.Gradient(X, out accumulate) : null; // (rows, width)
        var logits = tape.RentMemory((long)chunk * stride); // (chunk, vocabulary), rows stride apart
        var x = X.Data!.Pointer;
        var (start, bias) = Bias == null ? (GemmStart.Zero, 0) : (GemmStart.Bias, (nint)Bias.Data);
        for (var first = 0; first < rows; first += chunk)
        {
            var count = Math.Min(chunk, rows - first);
            var input = new MatrixView(x + ((long)first * width), width); // (count, width)
            Gemm.Multiply(
                tape.Team, count, vocabulary, width, input, new MatrixView(Weight.Data, width, transposed: true),
                logits.Pointer, stride, start, (float*)bias, tape.Precision);
            var part = new LogitRows(logits.Pointer, Targets + first, losses + first, count, vocabulary, stride)
            {
                LabelSmoothing = LabelSmoothing,
                Entropies = entropies == null ? null : entropies + first,
            };
            if (gradients is not { } above)
            {
                CrossEntropy.Forward(tape.Team, part);
                continue;
            }
            CrossEntropy.ForwardBackward(tape.Team, part, above.From(first));
            if (Weight.RequiresGradient)
            {
                var dWeight = Weight.AddingProduct(out var from);
                Gemm.Multiply(
                    tape.Team, vocabulary, width, count, new MatrixView(logits.Pointer, stride, transposed: true), input,
                    dWeight, width, from, precision: tape.Precision);
            }
            if (Bias is { RequiresGradient: true })
            {
                BiasGradient.Accumulate(tape.Team, logits.Pointer, Bias.Gradient, count, vocabulary, stride);
            }
            if (dx != null)
            {
                Gemm.Multiply(
                    tape.Team, count, width, vocabulary, new MatrixView(logits.Pointer, stride), new MatrixView(Weight.Data, width),
                    dx + ((long)first * width), width, accumulate ? GemmStart.Accumulate : GemmStart.Zero, precision: tape.Precision);
            }
        }
        tape.ReturnMemory(logits);
    }
}
