using Idiolect.Tensors;
using Idiolect.Tests.Kernels;

namespace Idiolect.Tests.Tensors;

/// <summary>The mean of each text's rows: values, and gradients by finite differences.</summary>
public sealed unsafe class MeanPositionsOperationTests
{
    private const int Batch = 3;
    private const int Time = 5;
    private const int Width = 7;

    private static readonly int[] Lengths = [5, 3, 1];
    private static readonly float[] X = RandomValues.Normal(1, Batch * Time * Width);

    [Theory]
    [InlineData(false)]
    [InlineData(true)] // the input has another use, so its gradient is added to
    public void Gradients_agree_with_finite_differences_and_padding_has_none(bool usedTwice)
    {
        var gradient = Run(X, usedTwice).Gradient;
        for (var i = 0; i < X.Length; i++)
        {
            float[] up = [.. X], down = [.. X];
            (up[i], down[i]) = (X[i] + 0.125f, X[i] - 0.125f);
            Assert.Equal((Run(up, usedTwice).Loss - Run(down, usedTwice).Loss) / 0.25, gradient[i], 1e-3);
            if (!usedTwice && i / Width % Time >= Lengths[i / Width / Time])
            {
                Assert.Equal(0f, gradient[i]);
            }
        }
    }

    /// <summary>The squared distance of the means to a target, and with it perhaps that of all rows.</summary>
    private static (double Loss, float[] Gradient) Run(float[] values, bool usedTwice)
    {
        using var tape = new Tape();
        var x = tape.Create(new Shape(Batch, Time, Width), needsGradient: true);
        values.CopyTo(new Span<float>(x.Pointer, values.Length));
        var lengths = tape.CreateIntegers(new Shape(Batch), Lengths);
        var mean = MeanPositionsOperation.Apply(tape, x, lengths);
        if (usedTwice)
        {
            mean = MeanPositionsOperation.Apply(tape, x, tape.CreateIntegers(new Shape(Batch), [1, 2, 4])).AddInPlace(mean);
        }
        var loss = SquaredErrorOperation.Apply(tape, mean, RandomValues.Normal(2, Batch * Width));
        var value = loss.Item();
        tape.Backward(loss);
        return (value, new ReadOnlySpan<float>(x.Node.Gradient!.Pointer, values.Length).ToArray());
    }
}
