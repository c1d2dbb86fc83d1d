namespace Idiolect.Tensors;

/// <summary>Heads that lie beside each other in a row become matrices of their own, or the other way round.</summary>
internal sealed unsafe class HeadsOperation : Operation
{
    private TensorNode _x = null!;
    private int _heads;
    private bool _merges;

    /// <summary>(batch, time, heads * size) to (batch * heads, time, size), or back.</summary>
    internal static Tensor Apply(Tape tape, Tensor x, int heads, bool merges)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(heads, 1);
        if (x.Shape.Rank != 3 || x.Shape[merges ? 0 : 2] % heads != 0)
        {
            throw new ArgumentException($"A tensor of shape {x.Shape} has no {heads} heads.", nameof(x));
        }
        var (a, time, c) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        var y = tape.Create(merges ? new Shape(a / heads, time, c * heads) : new Shape(a * heads, time, c / heads), x.Node.NeedsGradient);
        Copy(x.Pointer, x.Shape, y.Pointer, heads, merges, accumulate: false);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<HeadsOperation>(y);
            (record._x, record._heads, record._merges) = (x.Node, heads, merges);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dx = tape.Gradient(_x, out var accumulate);
        Copy(OutputGradient, Output.Shape, dx, _heads, !_merges, accumulate);
    }

    /// <summary>Copies, or adds, every head's row to its other place.</summary>
    private static void Copy(float* from, Shape shape, float* to, int heads, bool merges, bool accumulate)
    {
        var (batch, time, size) = (merges ? shape[0] / heads : shape[0], shape[1], merges ? shape[2] : shape[2] / heads);
        for (var text = 0L; text < batch; text++)
        {
            for (var t = 0L; t < time; t++)
            {
                for (var head = 0L; head < heads; head++)
                {
                    var beside = ((((text * time) + t) * heads) + head) * size; // in (batch, time, heads, size)
                    var apart = ((((text * heads) + head) * time) + t) * size; // in (batch, heads, time, size)
                    var source = from + (merges ? apart : beside);
                    var destination = to + (merges ? beside : apart);
                    for (var i = 0; i < size; i++)
                    {
                        destination[i] = (accumulate ? destination[i] : 0f) + source[i];
                    }
                }
            }
        }
    }
}
