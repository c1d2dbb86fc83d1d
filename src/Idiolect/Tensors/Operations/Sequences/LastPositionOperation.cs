namespace Idiolect.Tensors;

/// <summary>Takes each sequence's last row: all that generation needs of a prompt. For inference only.</summary>
internal static unsafe class LastPositionOperation
{
    /// <summary>(batch, time, width) to (batch, 1, width).</summary>
    internal static Tensor Apply(Tape tape, Tensor x)
    {
        Tape.RequireSequences(x);
        if (tape.Recording)
        {
            throw new InvalidOperationException("The last position alone has no backward pass: use a tape that does not record.");
        }
        var (batch, time, width) = (x.Shape[0], x.Shape[1], x.Shape[2]);
        var last = tape.Create(new Shape(batch, 1, width));
        for (var sequence = 0; sequence < batch; sequence++)
        {
            var source = x.Pointer + (((((long)sequence + 1) * time) - 1) * width);
            new ReadOnlySpan<float>(source, width).CopyTo(new Span<float>(last.Pointer + ((long)sequence * width), width));
        }
        return last;
    }
}
