using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>Layer normalisation (Ba et al. 2016): each row minus its mean, over its standard deviation, times a gain plus a bias.</summary>
internal static unsafe partial class LayerNorm
{
    /// <summary>y = (x - mean) / sqrt(variance + epsilon) * gain + bias, row by row.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="x">(rows, width).</param>
    /// <param name="gain">(width).</param>
    /// <param name="bias">(width) or null.</param>
    /// <param name="y">(rows, width); may alias x.</param>
    /// <param name="mean">(rows), kept for the backward pass, or null.</param>
    /// <param name="inverseDeviation">(rows), kept for the backward pass, or null.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="epsilon">What is added to the (biased) variance.</param>
    /// <param name="addend">(rows, width): what is added to x before, or null.</param>
    /// <param name="sum">(rows, width): x + addend, which is what the backward pass takes for x; may alias either. Null without addend.</param>
    internal static void Forward(
        Team team, float* x, float* gain, float* bias, float* y, float* mean, float* inverseDeviation,
        int rows, int width, float epsilon, float* addend = null, float* sum = null)
        => team.Run(
            new ForwardJob
            {
                X = x,
                Addend = addend,
                Sum = sum,
                Gain = gain,
                Bias = bias,
                Y = y,
                Mean = mean,
                InverseDeviation = inverseDeviation,
                Rows = rows,
                Width = width,
                Epsilon = epsilon,
            },
            Partition.RowParts(rows, width), KernelWork.Moving((addend == null ? 2.0 : 4.0) * rows * width));

    private struct ForwardJob : IJob
    {
        internal float* X; // (rows, width)
        internal float* Addend; // (rows, width)
        internal float* Sum; // (rows, width)
        internal float* Gain; // (width)
        internal float* Bias; // (width)
        internal float* Y; // (rows, width)
        internal float* Mean; // (rows)
        internal float* InverseDeviation; // (rows)
        internal int Rows;
        internal int Width;
        internal float Epsilon;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, Width);
            for (var row = first; row < end; row++)
            {
                var x = X + ((long)row * Width);
                if (Addend != null)
                {
                    var sum = Sum + ((long)row * Width);
                    Row.Add<S, V>(x, Addend + ((long)row * Width), sum, Width);
                    x = sum;
                }
                var mean = Row.Sum<S, V>(x, Width) / Width;
                var inverse = 1f / MathF.Sqrt((SquaredDeviations<S, V>(x, mean, Width) / Width) + Epsilon);
                Normalise<S, V>(x, mean, inverse, Y + ((long)row * Width));
                if (Mean != null)
                {
                    Mean[row] = mean;
                }
                if (InverseDeviation != null)
                {
                    InverseDeviation[row] = inverse;
                }
            }
        }

        /// <summary>The sum of (x - mean)^2: a second pass, because E[x^2] - E[x]^2 cancels in float32.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static float SquaredDeviations<S, V>(float* x, float mean, int width)
            where S : struct, ISimd<V>
            where V : struct
        {
            var means = S.Create(mean);
            var sum = S.Zero;
            var i = 0;
            for (; i <= width - S.Count; i += S.Count)
            {
                var deviation = S.Subtract(S.Load(x + i), means);
                sum = S.MultiplyAdd(deviation, deviation, sum);
            }
            var total = S.Sum(sum);
            for (; i < width; i++)
            {
                total += (x[i] - mean) * (x[i] - mean);
            }
            return total;
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Normalise<S, V>(float* x, float mean, float inverse, float* y)
            where S : struct, ISimd<V>
            where V : struct
        {
            var means = S.Create(mean);
            var inverses = S.Create(inverse);
            var i = 0;
            for (; i <= Width - S.Count; i += S.Count)
            {
                Normalise<S, V>(x, means, inverses, y, i, S.Count);
            }
            if (i < Width)
            {
                Normalise<S, V>(x, means, inverses, y, i, Width - i);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Normalise<S, V>(float* x, V means, V inverses, float* y, int i, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var normal = S.Multiply(S.Subtract(S.LoadPartial(x + i, count), means), inverses);
            var gain = S.LoadPartial(Gain + i, count);
            var value = Bias == null ? S.Multiply(normal, gain) : S.MultiplyAdd(normal, gain, S.LoadPartial(Bias + i, count));
            S.StorePartial(y + i, value, count);
        }
    }
}
