using Idiolect.Tensors;

namespace Idiolect.Lab.Models;

/// <summary>
/// Keeps two equal blocks of weights equal: both get the sum of their gradients before each update, which is what one shared
/// block would get, and the optimiser then does the same to both.
/// </summary>
internal static class TiedWeights
{
    /// <summary>Ties a block of rows of a matrix to another one, such as the queries' projection to the keys'.</summary>
    internal static void TieRows(Parameter matrix, int first, int second, int count, bool start)
    {
        var width = matrix.Shape.Rank == 1 ? 1 : matrix.Shape[1];
        var data = start ? matrix.MutableValues : matrix.MutableGradient;
        for (var i = 0; i < count * width; i++)
        {
            ref var a = ref data[(first * width) + i];
            ref var b = ref data[(second * width) + i];
            b = a = start ? a : a + b;
        }
    }

    /// <summary>Ties b (n, m) to the transpose of a (m, n).</summary>
    internal static void TieTransposed(Parameter a, Parameter b, bool start)
    {
        var (m, n) = (a.Shape[0], a.Shape[1]);
        var left = start ? a.MutableValues : a.MutableGradient;
        var right = start ? b.MutableValues : b.MutableGradient;
        for (var i = 0; i < m; i++)
        {
            for (var j = 0; j < n; j++)
            {
                ref var x = ref left[(i * n) + j];
                ref var y = ref right[(j * m) + i];
                y = x = start ? x : x + y;
            }
        }
    }
}
