using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <content>The backward pass: one reading of dy and x for all gradients.</content>
internal static unsafe partial class LayerNorm
{
    /// <summary>The gradients by x, gain and bias.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="dy">(rows, width).</param>
    /// <param name="x">(rows, width), what the forward pass normalised.</param>
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
        var parts = Partition.RowParts(rows, width);
        using var hold = team.HoldSharedScratch();
        var sums = team.SharedScratch(2L * parts * width);
        var job = new BackwardJob
        {
            Dy = dy,
            X = x,
            Gain = gain,
            Mean = mean,
            InverseDeviation = inverseDeviation,
            Dx = dx,
            Accumulate = accumulateDx,
            DGains = sums,
            DBiases = sums + ((long)parts * width),
            Rows = rows,
            Width = width,
        };
        team.Run(job, parts, KernelWork.Moving((accumulateDx ? 4.0 : 3.0) * rows * width));
        if (dGain != null)
        {
            BiasGradient.AddRows(team, job.DGains, dGain, parts, width, width);
        }
        if (dBias != null)
        {
            BiasGradient.AddRows(team, job.DBiases, dBias, parts, width, width);
        }
    }

    /// <summary>
    /// dx = inverseDeviation * (g - mean(g) - normal * mean(g * normal)), where g = dy * gain and normal = (x - mean) *
    /// inverseDeviation; and this part's sums over rows of dy * normal and of dy.
    /// </summary>
    private struct BackwardJob : IJob
    {
        internal float* Dy; // (rows, width)
        internal float* X; // (rows, width)
        internal float* Gain; // (width)
        internal float* Mean; // (rows)
        internal float* InverseDeviation; // (rows)
        internal float* Dx; // (rows, width)
        internal bool Accumulate;
        internal float* DGains; // (parts, width)
        internal float* DBiases; // (parts, width)
        internal int Rows;
        internal int Width;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, Width);
            var dGain = DGains + ((long)part * Width);
            var dBias = DBiases + ((long)part * Width);
            new Span<float>(dGain, Width).Clear();
            new Span<float>(dBias, Width).Clear();
            for (var row = first; row < end; row++)
            {
                var dy = Dy + ((long)row * Width);
                var x = X + ((long)row * Width);
                var mean = S.Create(Mean[row]);
                var inverse = S.Create(InverseDeviation[row]);
                var sum = S.Zero;
                var dot = S.Zero;
                // The sums of the parameters first, for dx may overwrite dy.
                var i = 0;
                for (; i <= Width - S.Count; i += S.Count)
                {
                    Prefetch.Ahead(dy + i);
                    Prefetch.Ahead(x + i);
                    if (Accumulate)
                    {
                        Prefetch.Ahead(Dx + ((long)row * Width) + i);
                    }
                    AddSums<S, V>(dy, x, mean, inverse, dGain, dBias, i, S.Count, ref sum, ref dot);
                }
                if (i < Width)
                {
                    AddSums<S, V>(dy, x, mean, inverse, dGain, dBias, i, Width - i, ref sum, ref dot);
                }
                if (Dx != null)
                {
                    WriteInputGradient<S, V>(dy, x, mean, inverse, S.Create(S.Sum(sum) / Width), S.Create(S.Sum(dot) / Width), Dx + ((long)row * Width));
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void AddSums<S, V>(
            float* dy, float* x, V mean, V inverse, float* dGain, float* dBias, int i, int count, ref V sum, ref V dot)
            where S : struct, ISimd<V>
            where V : struct
        {
            var gradient = S.LoadPartial(dy + i, count);
            var normal = S.Multiply(S.Subtract(S.LoadPartial(x + i, count), mean), inverse);
            S.StorePartial(dGain + i, S.MultiplyAdd(gradient, normal, S.LoadPartial(dGain + i, count)), count);
            S.StorePartial(dBias + i, S.Add(gradient, S.LoadPartial(dBias + i, count)), count);
            var g = S.Multiply(gradient, S.LoadPartial(Gain + i, count));
            sum = S.Add(sum, g);
            dot = S.MultiplyAdd(g, normal, dot);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void WriteInputGradient<S, V>(float* dy, float* x, V mean, V inverse, V meanOfG, V meanOfDot, float* dx)
            where S : struct, ISimd<V>
            where V : struct
        {
            var i = 0;
            for (; i <= Width - S.Count; i += S.Count)
            {
                WriteInputGradient<S, V>(dy, x, mean, inverse, meanOfG, meanOfDot, dx, i, S.Count);
            }
            if (i < Width)
            {
                WriteInputGradient<S, V>(dy, x, mean, inverse, meanOfG, meanOfDot, dx, i, Width - i);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void WriteInputGradient<S, V>(
            float* dy, float* x, V mean, V inverse, V meanOfG, V meanOfDot, float* dx, int i, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var g = S.Multiply(S.LoadPartial(dy + i, count), S.LoadPartial(Gain + i, count));
            var normal = S.Multiply(S.Subtract(S.LoadPartial(x + i, count), mean), inverse);
            var value = S.Multiply(inverse, S.Subtract(S.Subtract(g, meanOfG), S.Multiply(normal, meanOfDot)));
            S.StorePartial(dx + i, Accumulate ? S.Add(S.LoadPartial(dx + i, count), value) : value, count);
        }
    }
}
