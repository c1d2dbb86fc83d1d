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
    internal static void Forward(
        Team team, float* x, float* gain, float* bias, float* y, float* mean, float* inverseDeviation,
        int rows, int width, float epsilon)
        => team.Run(
            new ForwardJob
            {
                X = x,
                Gain = gain,
                Bias = bias,
                Y = y,
                Mean = mean,
                InverseDeviation = inverseDeviation,
                Rows = rows,
                Width = width,
                Epsilon = epsilon,
            },
            Partition.RowParts(rows, width));

    /// <summary>The gradients by x, gain and bias.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="dy">(rows, width).</param>
    /// <param name="x">(rows, width), the input of the forward pass.</param>
    /// <param name="gain">(width).</param>
    /// <param name="mean">(rows), as the forward pass wrote it.</param>
    /// <param name="inverseDeviation">(rows), as the forward pass wrote it.</param>
    /// <param name="dx">(rows, width) or null; may alias dy.</param>
    /// <param name="accumulateDx">Whether to add to dx instead of writing it.</param>
    /// <param name="dGain">(width), added to; or null.</param>
    /// <param name="dBias">(width), added to; or null.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="width">The length of a row.</param>
    internal static void Backward(
        Team team, float* dy, float* x, float* gain, float* mean, float* inverseDeviation,
        float* dx, bool accumulateDx, float* dGain, float* dBias, int rows, int width)
    {
        // The parameters first, for dx may overwrite dy.
        if (dGain != null)
        {
            team.Run(
                new GainJob
                {
                    Dy = dy,
                    X = x,
                    Mean = mean,
                    InverseDeviation = inverseDeviation,
                    DGain = dGain,
                    Rows = rows,
                    Width = width,
                },
                Partition.ColumnParts(width));
        }
        if (dBias != null)
        {
            BiasGradient.Accumulate(team, dy, dBias, rows, width);
        }
        if (dx != null)
        {
            team.Run(
                new InputJob
                {
                    Dy = dy,
                    X = x,
                    Gain = gain,
                    Mean = mean,
                    InverseDeviation = inverseDeviation,
                    Dx = dx,
                    Accumulate = accumulateDx,
                    Rows = rows,
                    Width = width,
                },
                Partition.RowParts(rows, width));
        }
    }

    private struct ForwardJob : IJob
    {
        internal float* X; // (rows, width)
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
            for (var i = 0; i < Width; i += S.Count)
            {
                var count = Math.Min(S.Count, Width - i);
                var normal = S.Multiply(S.Subtract(S.LoadPartial(x + i, count), means), inverses);
                var gain = S.LoadPartial(Gain + i, count);
                var value = Bias == null ? S.Multiply(normal, gain) : S.MultiplyAdd(normal, gain, S.LoadPartial(Bias + i, count));
                S.StorePartial(y + i, value, count);
            }
        }
    }

    /// <summary>dGain += sum over rows of dy * (x - mean) * inverseDeviation, a block of columns a part.</summary>
    private struct GainJob : IJob
    {
        internal float* Dy; // (rows, width)
        internal float* X; // (rows, width)
        internal float* Mean; // (rows)
        internal float* InverseDeviation; // (rows)
        internal float* DGain; // (width)
        internal int Rows;
        internal int Width;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, columns) = Partition.ColumnBlock(part, Width);
            var dGain = DGain + first;
            for (var row = 0; row < Rows; row++)
            {
                var dy = Dy + ((long)row * Width) + first;
                var x = X + ((long)row * Width) + first;
                var mean = S.Create(Mean[row]);
                var inverse = S.Create(InverseDeviation[row]);
                for (var i = 0; i < columns; i += S.Count)
                {
                    var count = Math.Min(S.Count, columns - i);
                    var normal = S.Multiply(S.Subtract(S.LoadPartial(x + i, count), mean), inverse);
                    var sum = S.MultiplyAdd(S.LoadPartial(dy + i, count), normal, S.LoadPartial(dGain + i, count));
                    S.StorePartial(dGain + i, sum, count);
                }
            }
        }
    }

    /// <summary>dx = inverseDeviation * (g - mean(g) - normal * mean(g * normal)), where g = dy * gain.</summary>
    private struct InputJob : IJob
    {
        internal float* Dy; // (rows, width)
        internal float* X; // (rows, width)
        internal float* Gain; // (width)
        internal float* Mean; // (rows)
        internal float* InverseDeviation; // (rows)
        internal float* Dx; // (rows, width)
        internal bool Accumulate;
        internal int Rows;
        internal int Width;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, Width);
            for (var row = first; row < end; row++)
            {
                var dy = Dy + ((long)row * Width);
                var x = X + ((long)row * Width);
                var dx = Dx + ((long)row * Width);
                var mean = S.Create(Mean[row]);
                var inverse = S.Create(InverseDeviation[row]);
                var sum = S.Zero;
                var dot = S.Zero;
                for (var i = 0; i < Width; i += S.Count)
                {
                    var count = Math.Min(S.Count, Width - i);
                    var g = S.Multiply(S.LoadPartial(dy + i, count), S.LoadPartial(Gain + i, count));
                    sum = S.Add(sum, g);
                    dot = S.MultiplyAdd(g, S.Multiply(S.Subtract(S.LoadPartial(x + i, count), mean), inverse), dot);
                }
                var meanOfG = S.Create(S.Sum(sum) / Width);
                var meanOfDot = S.Create(S.Sum(dot) / Width);
                for (var i = 0; i < Width; i += S.Count)
                {
                    var count = Math.Min(S.Count, Width - i);
                    var g = S.Multiply(S.LoadPartial(dy + i, count), S.LoadPartial(Gain + i, count));
                    var normal = S.Multiply(S.Subtract(S.LoadPartial(x + i, count), mean), inverse);
                    var value = S.Multiply(inverse, S.Subtract(S.Subtract(g, meanOfG), S.Multiply(normal, meanOfDot)));
                    S.StorePartial(dx + i, Accumulate ? S.Add(S.LoadPartial(dx + i, count), value) : value, count);
                }
            }
        }
    }
}
