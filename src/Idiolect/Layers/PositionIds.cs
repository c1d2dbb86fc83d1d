using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>The position of each token in its sequence, in memory that is used again.</summary>
internal sealed class PositionIds
{
    private int[] _ids = [];

    /// <summary>(batch, time) integers: past, past + 1, ... in every sequence.</summary>
    internal Tensor Create(Tape tape, int batch, int time, int past = 0)
    {
        var count = batch * time;
        if (_ids.Length < count)
        {
            _ids = new int[count];
        }
        for (var i = 0; i < count; i++)
        {
            _ids[i] = past + (i % time);
        }
        return tape.CreateIntegers(new Shape(batch, time), _ids.AsSpan(0, count));
    }
}
