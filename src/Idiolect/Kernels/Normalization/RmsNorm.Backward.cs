using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <content>The backward pass: one reading of dy and x for both gradients.</content>
internal static unsafe partial class RmsNorm
{
    /// <summary>The gradients by x and gain for contiguous rows: dy, x and dx (rows, width).</summary>
    internal static void Backward(
        Team team, float* dy, float* x, float* gain, float* inverseRms, float* dx, bool accumulateDx, float* dGain,
        int rows, int width)
        => Backward(
            team, dy, RowLayout.Contiguous(width), x, RowLayout.Contiguous(width), gain, inverseRms, dx, accumulateDx, dGain,
            rows, width);

    /// <summary>The gradients by x and gain.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="dy">Rows of (width).</param>
    /// <param name="dyLayout">Where the rows of dy lie.</param>
    /// <param name="x">Rows of (width), what the forward pass normalised.</param>
    /// <param name="xLayout">Where the rows of x and of dx lie.</param>
    /// <param name="gain">(width).</param>
    /// <param name="inverseRms">(rows), as the forward pass wrote it.</param>
    /// <param name="dx">Rows of (width) or null; may alias dy with the same layout.</param>
    /// <param name="accumulateDx">Whether to add to dx instead of writing it.</param>
    /// <param name="dGain">(width), added to; or null.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="width">The length of a row.</param>
    internal static void Backward(
        Team team, float* dy, RowLayout dyLayout, float* x, RowLayout xLayout, float* gain, float* inverseRms,
        float* dx, bool accumulateDx, float* dGain, int rows, int width)
    {
        var parts = Partition.RowParts(rows, width);
        using var hold = team.HoldSharedScratch();
        var job = new BackwardJob
        {
            Dy = dy,
            DyLayout = dyLayout,
            X = x,
            XLayout = xLayout,
            Gain = gain,
            InverseRms = inverseRms,
            Dx = dx,
            Accumulate = accumulateDx,
            DGains = team.SharedScratch((long)parts * width),
            Rows = rows,
            Width = width,
        };
        team.Run(job, parts, KernelWork.Moving((accumulateDx ? 4.0 : 3.0) * rows * width));
        if (dGain != null)
        {
            BiasGradient.AddRows(team, job.DGains, dGain, parts, width, width);
        }
    }

    /// <summary>
    /// dx = inverseRms * (g - normal * mean(g * normal)), where g = dy * gain and normal = x * inverseRms; and this part's sum
    /// over rows of dy * normal.
    /// </summary>
    private struct BackwardJob : IJob
    {
        internal float* Dy;
        internal RowLayout DyLayout;
        internal float* X;
        internal RowLayout XLayout;
        internal float* Gain; // (width)
        internal float* InverseRms; // (rows)
        internal float* Dx;
        internal bool Accumulate;
        internal float* DGains; // (parts, width)
        internal int Rows;
        internal int Width;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, Width);
            var dGain = DGains + ((long)part * Width);
            new Span<float>(dGain, Width).Clear();
            for (var row = first; row < end; row++)
            {
                var dy = Dy + DyLayout.Offset(row);
                var x = X + XLayout.Offset(row);
                var inverse = S.Create(InverseRms[row]);
                var dot = S.Zero;
                // The gain's sum first, for dx may overwrite dy.
                var i = 0;
                for (; i <= Width - S.Count; i += S.Count)
                {
                    Prefetch.Ahead(dy + i);
                    Prefetch.Ahead(x + i);
                    if (Accumulate)
                    {
                        Prefetch.Ahead(Dx + XLayout.Offset(row) + i);
                    }
                    AddSums<S, V>(dy, x, inverse, dGain, i, S.Count, ref dot);
                }
                if (i < Width)
                {
                    AddSums<S, V>(dy, x, inverse, dGain, i, Width - i, ref dot);
                }
                if (Dx != null)
                {
                    WriteInputGradient<S, V>(dy, x, inverse, S.Create(S.Sum(dot) / Width), Dx + XLayout.Offset(row));
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void AddSums<S, V>(float* dy, float* x, V inverse, float* dGain, int i, int count, ref V dot)
            where S : struct, ISimd<V>
            where V : struct
        {
            var gradient = S.LoadPartial(dy + i, count);
            var normal = S.Multiply(S.LoadPartial(x + i, count), inverse);
            S.StorePartial(dGain + i, S.MultiplyAdd(gradient, normal, S.LoadPartial(dGain + i, count)), count);
            dot = S.MultiplyAdd(S.Multiply(gradient, S.LoadPartial(Gain + i, count)), normal, dot);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void WriteInputGradient<S, V>(float* dy, float* x, V inverse, V mean, float* dx)
            where S : struct, ISimd<V>
            where V : struct
        {
            var i = 0;
            for (; i <= Width - S.Count; i += S.Count)
            {
                WriteInputGradient<S, V>(dy, x, inverse, mean, dx, i, S.Count);
            }
            if (i < Width)
            {
                WriteInputGradient<S, V>(dy, x, inverse, mean, dx, i, Width - i);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void WriteInputGradient<S, V>(float* dy, float* x, V inverse, V mean, float* dx, int i, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var g = S.Multiply(S.LoadPartial(dy + i, count), S.LoadPartial(Gain + i, count));
            var normal = S.Multiply(S.LoadPartial(x + i, count), inverse);
            var value = S.Multiply(inverse, S.Subtract(g, S.Multiply(normal, mean)));
            S.StorePartial(dx + i, Accumulate ? S.Add(S.LoadPartial(dx + i, count), value) : value, count);
        }
    }
}
