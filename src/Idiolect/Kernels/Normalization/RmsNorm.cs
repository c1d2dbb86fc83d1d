using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>Root-mean-square normalisation (Zhang and Sennrich 2019): each row over its root mean square, times a gain.</summary>
internal static unsafe partial class RmsNorm
{
    /// <summary>
    /// y = x / sqrt(mean(x^2) + epsilon) * gain for contiguous rows: x and y (rows, width). With an addend (rows, width),
    /// sum = x + addend takes the place of x; sum may alias either.
    /// </summary>
    internal static void Forward(
        Team team, float* x, float* gain, float* y, float* inverseRms, int rows, int width, float epsilon, float* addend = null,
        float* sum = null)
        => Run(
            team, x, RowLayout.Contiguous(width), gain, y, RowLayout.Contiguous(width), inverseRms, rows, width, epsilon, addend, sum);

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
        => Run(team, x, xLayout, gain, y, yLayout, inverseRms, rows, width, epsilon, null, null);

    private static void Run(
        Team team, float* x, RowLayout xLayout, float* gain, float* y, RowLayout yLayout, float* inverseRms,
        int rows, int width, float epsilon, float* addend, float* sum)
        => team.Run(
            new ForwardJob
            {
                X = x,
                XLayout = xLayout,
                Addend = addend,
                Sum = sum,
                Gain = gain,
                Y = y,
                YLayout = yLayout,
                InverseRms = inverseRms,
                Rows = rows,
                Width = width,
                Epsilon = epsilon,
            },
            Partition.RowParts(rows, width), KernelWork.Moving((addend == null ? 2.0 : 4.0) * rows * width));

    private struct ForwardJob : IJob
    {
        internal float* X;
        internal RowLayout XLayout;
        internal float* Addend; // laid out as x
        internal float* Sum; // laid out as x
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
                if (Addend != null)
                {
                    var sum = Sum + XLayout.Offset(row);
                    Row.Add<S, V>(x, Addend + XLayout.Offset(row), sum, Width);
                    x = sum;
                }
                var y = Y + YLayout.Offset(row);
                var inverse = 1f / MathF.Sqrt((Row.Dot<S, V>(x, x, Width) / Width) + Epsilon);
                var inverses = S.Create(inverse);
                var i = 0;
                for (; i <= Width - S.Count; i += S.Count)
                {
                    Normalise<S, V>(x, inverses, y, i, S.Count);
                }
                if (i < Width)
                {
                    Normalise<S, V>(x, inverses, y, i, Width - i);
                }
                if (InverseRms != null)
                {
                    InverseRms[row] = inverse;
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Normalise<S, V>(float* x, V inverses, float* y, int i, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var normal = S.Multiply(S.LoadPartial(x + i, count), inverses);
            S.StorePartial(y + i, S.Multiply(normal, S.LoadPartial(Gain + i, count)), count);
        }
    }
}
