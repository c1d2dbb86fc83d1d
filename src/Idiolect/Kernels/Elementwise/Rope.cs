using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>
/// Rotary position embedding (Su et al. 2021): each pair of a head's numbers is turned by an angle that grows with the
/// position. Paired as Hugging Face's "rotate half" pairs them: i with i + headSize / 2.
/// </summary>
internal static unsafe class Rope
{
    /// <summary>Fills the tables (positions, headSize / 2) with the angles position * theta^(-2i / headSize).</summary>
    internal static void FillTables(float* cosine, float* sine, int positions, int headSize, double theta)
    {
        var half = headSize / 2;
        for (var i = 0; i < half; i++)
        {
            var frequency = Math.Pow(theta, -2.0 * i / headSize);
            for (var position = 0; position < positions; position++)
            {
                var (sin, cos) = Math.SinCos(position * frequency);
                cosine[((long)position * half) + i] = (float)cos;
                sine[((long)position * half) + i] = (float)sin;
            }
        }
    }

    /// <summary>Turns heads in place.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="x">The first head of the first row; a row holds (headCount, headSize) and then whatever else.</param>
    /// <param name="rows">The number of rows (tokens).</param>
    /// <param name="rowStride">Floats from one row to the next.</param>
    /// <param name="headCount">Heads to turn in each row.</param>
    /// <param name="headSize">Numbers in a head; even.</param>
    /// <param name="positions">(rows), each a row of the tables.</param>
    /// <param name="cosine">(positions, headSize / 2), see <see cref="FillTables"/>.</param>
    /// <param name="sine">(positions, headSize / 2).</param>
    /// <param name="inverse">Turns back, which is also the backward pass: a rotation's transpose is its inverse.</param>
    internal static void Apply(
        Team team, float* x, int rows, int rowStride, int headCount, int headSize, int* positions,
        float* cosine, float* sine, bool inverse)
        => team.Run(
            new Job
            {
                X = x,
                Rows = rows,
                RowStride = rowStride,
                HeadCount = headCount,
                Half = headSize / 2,
                Positions = positions,
                Cosine = cosine,
                Sine = sine,
                Sign = inverse ? -1f : 1f,
            },
            Partition.RowParts(rows, headCount * headSize), KernelWork.Moving(2.0 * rows * headCount * headSize));

    private struct Job : IJob
    {
        internal float* X; // (rows, rowStride)
        internal int Rows;
        internal int RowStride;
        internal int HeadCount;
        internal int Half;
        internal int* Positions; // (rows)
        internal float* Cosine; // (positions, half)
        internal float* Sine; // (positions, half)
        internal float Sign;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, HeadCount * Half * 2);
            var sign = S.Create(Sign);
            for (var row = first; row < end; row++)
            {
                var cosine = Cosine + ((long)Positions[row] * Half);
                var sine = Sine + ((long)Positions[row] * Half);
                for (var head = 0; head < HeadCount; head++)
                {
                    var low = X + ((long)row * RowStride) + ((long)head * Half * 2);
                    var high = low + Half;
                    var i = 0;
                    for (; i <= Half - S.Count; i += S.Count)
                    {
                        Turn<S, V>(low + i, high + i, cosine + i, sine + i, sign, S.Count);
                    }
                    if (i < Half)
                    {
                        Turn<S, V>(low + i, high + i, cosine + i, sine + i, sign, Half - i);
                    }
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Turn<S, V>(float* low, float* high, float* cosine, float* sine, V sign, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var cos = S.LoadPartial(cosine, count);
            var sin = S.Multiply(S.LoadPartial(sine, count), sign);
            var a = S.LoadPartial(low, count);
            var b = S.LoadPartial(high, count);
            S.StorePartial(low, S.Subtract(S.Multiply(a, cos), S.Multiply(b, sin)), count);
            S.StorePartial(high, S.MultiplyAdd(b, cos, S.Multiply(a, sin)), count);
        }
    }

    /// <summary>One head, turned plainly.</summary>
    internal static class Reference
    {
        internal static void Apply<T>(Span<T> head, int position, double theta, bool inverse)
            where T : struct, IFloatingPointIeee754<T>
        {
            var half = head.Length / 2;
            for (var i = 0; i < half; i++)
            {
                var angle = T.CreateChecked(position) * T.Pow(T.CreateChecked(theta), T.CreateChecked(-2.0 * i / head.Length));
                var (sin, cos) = T.SinCos(inverse ? -angle : angle);
                (head[i], head[i + half]) = ((head[i] * cos) - (head[i + half] * sin), (head[i + half] * cos) + (head[i] * sin));
            }
        }
    }
}
