using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>Root-mean-square normalisation (Zhang and Sennrich 2019): each row over its root mean square, times a gain.</summary>
internal static unsafe partial class RmsNorm
{
    /// <summary>y = x / sqrt(mean(x^2) + epsilon) * gain for contiguous rows: x and y (rows, width).</summary>
    internal static void Forward(
        Team team, float* x, float* gain, float* y, float* inverseRms, int rows, int width, float epsilon)
        => Forward(team, x, RowLayout.Contiguous(width), gain, y, RowLayout.Contiguous(width), inverseRms, rows, width, epsilon);

    /// <summary>y = x / sqrt(mean(x^2) + epsilon) * gain, row by row.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="x">Rows of (width), laid out as <paramref name="xLayout"/> says.</param>
    /// <param name="xLayout">Where the rows of x lie.</param>
    /// <param name="gain">(width).</param>
    /// <param name="y">Rows of (width); may alias x with the same layout when no backward pass follows, which needs x.</param>
    /// <param name="yLayout">Where the rows of y lie.</param>
    /// <param name="inverseRms">(rows), kept for the backward pass, or null.</param>
    /// <param name="rows">The number of rows.</param>
    /// <param name="width">The length of a row.</param>
    /// <param name="epsilon">What is added to the mean square.</param>
    internal static void Forward(
        Team team, float* x, RowLayout xLayout, float* gain, float* y, RowLayout yLayout, float* inverseRms,
        int rows, int width, float epsilon)
        => team.Run(
            new ForwardJob
            {
                X = x,
                XLayout = xLayout,
                Gain = gain,
                Y = y,
                YLayout = yLayout,
                InverseRms = inverseRms,
                Rows = rows,
                Width = width,
                Epsilon = epsilon,
            },
            Partition.RowParts(rows, width));

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
    /// <param name="x">Rows of (width), the input of the forward pass.</param>
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
        var job = new BackwardPass
        {
            Dy = dy,
            DyLayout = dyLayout,
            X = x,
            XLayout = xLayout,
            Gain = gain,
            InverseRms = inverseRms,
            Dx = dx,
            Accumulate = accumulateDx,
            DGain = dGain,
            Rows = rows,
            Width = width,
        };
        // The gain first, for dx may overwrite dy.
        if (dGain != null)
        {
            team.Run(new GainJob { Shared = job }, Partition.ColumnParts(width));
        }
        if (dx != null)
        {
            team.Run(new InputJob { Shared = job }, Partition.RowParts(rows, width));
        }
    }

    private struct ForwardJob : IJob
    {
        internal float* X;
        internal RowLayout XLayout;
        internal float* Gain; // (width)
        internal float* Y;
        internal RowLayout YLayout;
        internal float* InverseRms; // (rows)
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
                var x = X + XLayout.Offset(row);
                var y = Y + YLayout.Offset(row);
                var inverse = 1f / MathF.Sqrt((Row.Dot<S, V>(x, x, Width) / Width) + Epsilon);
                var inverses = S.Create(inverse);
                for (var i = 0; i < Width; i += S.Count)
                {
                    var count = Math.Min(S.Count, Width - i);
                    var normal = S.Multiply(S.LoadPartial(x + i, count), inverses);
                    S.StorePartial(y + i, S.Multiply(normal, S.LoadPartial(Gain + i, count)), count);
                }
                if (InverseRms != null)
                {
                    InverseRms[row] = inverse;
                }
            }
        }
    }

    /// <summary>What both passes of the gradient read and write.</summary>
    private struct BackwardPass
    {
        internal float* Dy;
        internal RowLayout DyLayout;
        internal float* X;
        internal RowLayout XLayout;
        internal float* Gain; // (width)
        internal float* InverseRms; // (rows)
        internal float* Dx;
        internal bool Accumulate;
        internal float* DGain; // (width)
        internal int Rows;
        internal int Width;
    }

    /// <summary>dGain += sum over rows of dy * x * inverseRms, a block of columns a part.</summary>
    private struct GainJob : IJob
    {
        internal BackwardPass Shared;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, columns) = Partition.ColumnBlock(part, Shared.Width);
            var dGain = Shared.DGain + first;
            for (var row = 0; row < Shared.Rows; row++)
            {
                var dy = Shared.Dy + Shared.DyLayout.Offset(row) + first;
                var x = Shared.X + Shared.XLayout.Offset(row) + first;
                var inverse = S.Create(Shared.InverseRms[row]);
                for (var i = 0; i < columns; i += S.Count)
                {
                    var count = Math.Min(S.Count, columns - i);
                    var normal = S.Multiply(S.LoadPartial(x + i, count), inverse);
                    var sum = S.MultiplyAdd(S.LoadPartial(dy + i, count), normal, S.LoadPartial(dGain + i, count));
                    S.StorePartial(dGain + i, sum, count);
                }
            }
        }
    }

    /// <summary>dx = inverseRms * (g - normal * mean(g * normal)), where g = dy * gain and normal = x * inverseRms.</summary>
    private struct InputJob : IJob
    {
        internal BackwardPass Shared;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var width = Shared.Width;
            var gain = Shared.Gain;
            var (first, end) = Partition.Rows(part, Shared.Rows, width);
            for (var row = first; row < end; row++)
            {
                var dy = Shared.Dy + Shared.DyLayout.Offset(row);
                var x = Shared.X + Shared.XLayout.Offset(row);
                var dx = Shared.Dx + Shared.XLayout.Offset(row);
                var inverse = S.Create(Shared.InverseRms[row]);
                var dot = S.Zero;
                for (var i = 0; i < width; i += S.Count)
                {
                    var count = Math.Min(S.Count, width - i);
                    var g = S.Multiply(S.LoadPartial(dy + i, count), S.LoadPartial(gain + i, count));
                    dot = S.MultiplyAdd(g, S.Multiply(S.LoadPartial(x + i, count), inverse), dot);
                }
                var mean = S.Create(S.Sum(dot) / width);
                for (var i = 0; i < width; i += S.Count)
                {
                    var count = Math.Min(S.Count, width - i);
                    var g = S.Multiply(S.LoadPartial(dy + i, count), S.LoadPartial(gain + i, count));
                    var normal = S.Multiply(S.LoadPartial(x + i, count), inverse);
                    var value = S.Multiply(inverse, S.Subtract(g, S.Multiply(normal, mean)));
                    S.StorePartial(dx + i, Shared.Accumulate ? S.Add(S.LoadPartial(dx + i, count), value) : value, count);
                }
            }
        }
    }
}
