using Idiolect.Tensors;

namespace Idiolect.Lab.Models;

/// <summary>Attention probabilities, computed by the formula from what a model's layer projected.</summary>
internal sealed class AttentionMaps
{
    private readonly float[] _qkv; // (batch, time, 3 * width)
    private readonly int _heads;
    private readonly int _time;
    private readonly int _width;

    internal AttentionMaps(Tensor qkv, int heads) => (_qkv, _heads, _time, _width) = (qkv.ToArray(), heads, qkv.Shape[1], qkv.Shape[2] / 3);

    /// <summary>The probability with which a query looks at a key of its text, under the causal mask.</summary>
    internal double Weight(int sequence, int head, int query, int key)
    {
        var greatest = double.NegativeInfinity;
        for (var k = 0; k <= query; k++)
        {
            greatest = Math.Max(greatest, Score(sequence, head, query, k));
        }
        var total = 0.0;
        for (var k = 0; k <= query; k++)
        {
            total += Math.Exp(Score(sequence, head, query, k) - greatest);
        }
        return key > query ? 0 : Math.Exp(Score(sequence, head, query, key) - greatest) / total;
    }

    private double Score(int sequence, int head, int query, int key)
    {
        var size = _width / _heads;
        var q = _qkv.AsSpan(((((sequence * _time) + query) * 3) * _width) + (head * size), size);
        var k = _qkv.AsSpan((((((sequence * _time) + key) * 3) + 1) * _width) + (head * size), size);
        var sum = 0.0;
        for (var i = 0; i < size; i++)
        {
            sum += q[i] * k[i];
        }
        return sum / Math.Sqrt(size);
    }
}
