namespace Idiolect.Tensors;

/// <summary>The mean of each text's rows, padding left out: one vector a text.</summary>
internal sealed unsafe class MeanPositionsOperation : Operation
{
    private TensorNode _x = null!;
    private TensorNode _lengths = null!;

    /// <summary>(batch, time, width) to (batch, width): y[b] = the mean of x[b, 0 .. lengths[b] - 1].</summary>
    /// <param name="tape">The step.</param>
    /// <param name="x">(batch, time, width).</param>
    /// <param name="lengths">(batch), from 1 to time.</param>
    internal static Tensor Apply(Tape tape, Tensor x, IntegerTensor lengths)
    {
        tape.Require(x);
        Tape.RequireSequences(x);
        var (batch, time, width) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        tape.Require(lengths, batch);
        lengths.RequireWithin(1, time, nameof(lengths));
        var y = tape.Create(new Shape(batch, width), x.Node.NeedsGradient);
        for (var text = 0; text < batch; text++)
        {
            var mean = new Span<float>(y.Pointer + ((long)text * width), width);
            mean.Clear();
            var length = lengths.Pointer[text];
            for (var t = 0; t < length; t++)
            {
                var row = x.Pointer + ((((long)text * time) + t) * width);
                for (var i = 0; i < width; i++)
                {
                    mean[i] += row[i];
                }
            }
            for (var i = 0; i < width; i++)
            {
                mean[i] /= length;
            }
        }
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<MeanPositionsOperation>(y);
            record.Save(lengths);
            (record._x, record._lengths) = (x.Node, lengths.Node);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var (batch, time, width) = (_x.Shape[0], _x.Shape[1], _x.Shape[2]);
        var dx = tape.Gradient(_x, out var accumulate);
        var lengths = (int*)_lengths.Data!.Pointer;
        for (var text = 0; text < batch; text++)
        {
            var dy = OutputGradient + ((long)text * width);
            var share = 1f / lengths[text];
            for (var t = 0; t < time; t++)
            {
                var row = dx + ((((long)text * time) + t) * width);
                for (var i = 0; i < width; i++)
                {
                    row[i] = (accumulate ? row[i] : 0f) + (t < lengths[text] ? share * dy[i] : 0f);
                }
            }
        }
    }
}
