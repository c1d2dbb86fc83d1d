using System.Numerics;

namespace Idiolect.Kernels;

internal static unsafe partial class Muon
{
    /// <summary>The step, plainly.</summary>
    internal static class Reference
    {
        internal static void Step<T>(
            Span<T> weights, Span<T> gradients, Span<T> momentum, int rows, int columns, in MuonParameters p)
            where T : struct, IFloatingPointIeee754<T>
        {
            var decay = T.CreateChecked(p.Momentum);
            var x = new T[rows * columns]; // (rows, columns)
            for (var i = 0; i < x.Length; i++)
            {
                var g = gradients[i] * T.CreateChecked(p.GradientScale);
                momentum[i] = (decay * momentum[i]) + g;
                x[i] = g + (decay * momentum[i]);
                gradients[i] = T.Zero;
            }
            x = Orthogonalize(x, rows, columns);
            for (var i = 0; i < x.Length; i++)
            {
                weights[i] = (weights[i] * T.CreateChecked(1 - (p.LearningRate * p.WeightDecay)))
                    - (T.CreateChecked(p.LearningRate * Scale(rows, columns)) * x[i]);
            }
        }

        /// <summary>Jordan's iteration as he writes it, on the wide one of the matrix and its transpose.</summary>
        internal static T[] Orthogonalize<T>(ReadOnlySpan<T> matrix, int rows, int columns)
            where T : struct, IFloatingPointIeee754<T>
        {
            if (rows > columns)
            {
                return Transpose<T>(Orthogonalize<T>(Transpose(matrix, rows, columns), columns, rows), columns, rows);
            }
            var norm = T.Zero;
            foreach (var value in matrix)
            {
                norm += value * value;
            }
            norm = T.Sqrt(norm) + T.CreateChecked(NormFloor);
            var x = new T[matrix.Length];
            for (var i = 0; i < x.Length; i++)
            {
                x[i] = matrix[i] / norm;
            }
            var (a, b, c) = (T.CreateChecked(A), T.CreateChecked(B), T.CreateChecked(C));
            for (var iteration = 0; iteration < Iterations; iteration++)
            {
                var square = Multiply<T>(x, Transpose<T>(x, rows, columns), rows, rows, columns);
                var fourth = Multiply<T>(square, square, rows, rows, rows);
                for (var i = 0; i < square.Length; i++)
                {
                    square[i] = (b * square[i]) + (c * fourth[i]);
                }
                var product = Multiply<T>(square, x, rows, columns, rows);
                for (var i = 0; i < x.Length; i++)
                {
                    x[i] = (a * x[i]) + product[i];
                }
            }
            return x;
        }

        private static T[] Multiply<T>(ReadOnlySpan<T> left, ReadOnlySpan<T> right, int m, int n, int k)
            where T : struct, IFloatingPointIeee754<T>
        {
            var result = new T[m * n];
            for (var row = 0; row < m; row++)
            {
                for (var column = 0; column < n; column++)
                {
                    var sum = T.Zero;
                    for (var i = 0; i < k; i++)
                    {
                        sum += left[(row * k) + i] * right[(i * n) + column];
                    }
                    result[(row * n) + column] = sum;
                }
            }
            return result;
        }

        private static T[] Transpose<T>(ReadOnlySpan<T> matrix, int rows, int columns)
            where T : struct
        {
            var result = new T[matrix.Length];
            for (var i = 0; i < matrix.Length; i++)
            {
                result[(i % columns * rows) + (i / columns)] = matrix[i];
            }
            return result;
        }
    }
}
