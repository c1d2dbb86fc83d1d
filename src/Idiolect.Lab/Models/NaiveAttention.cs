using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Lab.Models;

/// <summary>Causal attention as the formula has it: all scores, the softmax, the mixture. For measuring what flash attention saves.</summary>
internal static unsafe class NaiveAttention
{
    /// <summary>(1, time, 3 * heads * head size) to (1, time, heads * head size); the scores of all heads exist at once.</summary>
    internal static Tensor Forward(Tape tape, Tensor qkv, int heads, int headSize)
    {
        var (time, stride) = (qkv.Shape[1], qkv.Shape[2]);
        var y = tape.Create(new Shape(1, time, heads * headSize));
        var scores = tape.RentMemory((long)heads * time * time); // (heads, time, time)
        for (var head = 0; head < heads; head++)
        {
            var query = qkv.Pointer + (head * headSize);
            var key = query + (heads * headSize);
            var value = key + (heads * headSize);
            var mine = scores.Pointer + ((long)head * time * time);
            Gemm.Multiply(tape.Team, time, time, headSize, new MatrixView(query, stride), new MatrixView(key, stride, transposed: true), mine, time);
            Softmax(mine, time, 1 / MathF.Sqrt(headSize));
            Gemm.Multiply(
                tape.Team, time, headSize, time, new MatrixView(mine, time), new MatrixView(value, stride), y.Pointer + (head * headSize), heads * headSize);
        }
        tape.ReturnMemory(scores);
        return y;
    }

    private static void Softmax(float* scores, int time, float scale) => Parallel.For(0, time, row =>
    {
        var values = new Span<float>(scores + ((long)row * time), time);
        values[(row + 1)..].Clear();
        values = values[..(row + 1)];
        var (greatest, total) = (float.NegativeInfinity, 0f);
        foreach (var value in values)
        {
            greatest = MathF.Max(greatest, value);
        }
        foreach (ref var value in values)
        {
            value = MathF.Exp((value - greatest) * scale);
            total += value;
        }
        foreach (ref var value in values)
        {
            value /= total;
        }
    });
}
