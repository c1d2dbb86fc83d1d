using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>The numbers of one Muon step.</summary>
/// <param name="LearningRate">The step size, on AdamW's scale (see <see cref="Muon.Scale"/>).</param>
/// <param name="Momentum">The decay of the sum of gradients.</param>
/// <param name="WeightDecay">Decoupled weight decay, times the learning rate.</param>
/// <param name="GradientScale">What every gradient is multiplied by first: the clipping factor.</param>
internal readonly record struct MuonParameters(double LearningRate, double Momentum, double WeightDecay, double GradientScale);

/// <summary>A matrix that Muon updates.</summary>
internal readonly unsafe struct MuonMatrix(float* weights, float* gradients, float* momentum, int rows, int columns)
{
    internal readonly float* Weights = weights; // (rows, columns)
    internal readonly float* Gradients = gradients; // (rows, columns)
    internal readonly float* Momentum = momentum; // (rows, columns)
    internal readonly int Rows = rows;
    internal readonly int Columns = columns;
}

/// <summary>
/// Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks"): the step of a matrix is its Nesterov
/// momentum with all singular values brought near 1, by five steps of a quintic Newton-Schulz iteration, which is made of
/// matrix products alone.
/// </summary>
internal static unsafe partial class Muon
{
    private const int Iterations = 5;

    /// <summary>Matrices for each thread from which on threads take whole ones.</summary>
    private const int MatricesOfThread = 2;

    private const double NormFloor = 1e-7;

    // Jordan's coefficients: p(x) = a x + b x^3 + c x^5 lifts small singular values fastest and ends between 0.7 and 1.2.
    private const float A = 3.4445f, B = -4.7750f, C = 2.0315f;

    /// <summary>
    /// What the orthogonal matrix is multiplied by: 0.2 sqrt(max(rows, columns)), which gives it the root mean square of a
    /// typical AdamW step, so that both share one learning rate and one weight decay (Liu et al. 2025, "Muon is scalable for LLM
    /// training", section 2.2).
    /// </summary>
    internal static double Scale(int rows, int columns) => 0.2 * Math.Sqrt(Math.Max(rows, columns));

    /// <summary>Floats of scratch memory that a step of a matrix needs.</summary>
    internal static long ScratchLength(int rows, int columns)
    {
        var side = (long)Math.Min(rows, columns);
        return (2L * rows * columns) + (2 * side * side);
    }

    /// <summary>
    /// Updates matrices and their momenta: many of them a thread each, for most are small, and threads that share one wait for each other twenty times;
    /// few of them one after the other. The bits are the same.
    /// </summary>
    /// <param name="team">The threads.</param>
    /// <param name="matrices">The matrices, and their gradients and momenta.</param>
    /// <param name="scratch">As long as any of them needs, for those that are done one after the other.</param>
    /// <param name="p">The step.</param>
    /// <param name="precision">How operands of the products are rounded.</param>
    internal static void Step(Team team, ReadOnlySpan<MuonMatrix> matrices, float* scratch, in MuonParameters p, Precision precision)
    {
        if (team.ThreadCount == 1 || matrices.Length < MatricesOfThread * team.ThreadCount)
        {
            foreach (var matrix in matrices)
            {
                Step(team, matrix, scratch, p, precision);
            }
            return;
        }
        KernelWork work = default;
        foreach (var matrix in matrices)
        {
            work += Work(matrix.Rows, matrix.Columns);
        }
        fixed (MuonMatrix* pointer = matrices)
        {
            team.Run(new MatrixJob { Matrices = pointer, P = p, Precision = precision }, matrices.Length, work);
        }
    }

    /// <summary>Three products an iteration; weights and momentum are read and written, gradients read.</summary>
    private static KernelWork Work(int rows, int columns)
    {
        var (side, length) = ((double)Math.Min(rows, columns), (double)Math.Max(rows, columns));
        return new KernelWork(Iterations * 2 * side * side * ((2 * length) + side), 5 * sizeof(float) * side * length);
    }

    /// <summary>A part is a matrix.</summary>
    private struct MatrixJob : IJob
    {
        internal MuonMatrix* Matrices; // (parts)
        internal MuonParameters P;
        internal Precision Precision;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            Step(worker.Alone, Matrices[part], worker.Scratch(ScratchLength(Matrices[part].Rows, Matrices[part].Columns)), P, Precision);
        }
    }

    /// <summary>Updates a matrix and its momentum.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="matrix">The matrix, its gradient and its momentum.</param>
    /// <param name="scratch">As long as <see cref="ScratchLength"/>.</param>
    /// <param name="p">The step.</param>
    /// <param name="precision">How operands of the products are rounded; bf16 is enough (Jordan et al. 2024).</param>
    internal static void Step(Team team, in MuonMatrix matrix, float* scratch, in MuonParameters p, Precision precision)
    {
        var (rows, columns) = (matrix.Rows, matrix.Columns);
        var count = (long)rows * columns;
        var update = scratch; // (rows, columns)
        team.Run(
            new MomentumJob
            {
                Gradients = matrix.Gradients,
                Momentum = matrix.Momentum,
                Update = update,
                Count = count,
                Scale = (float)p.GradientScale,
                Decay = (float)p.Momentum,
            },
            Partition.ElementParts(count), KernelWork.Moving(4.0 * count));
        update = Orthogonalize(team, update, rows, columns, scratch + count, precision);
        var step = p.LearningRate * Scale(rows, columns);
        LinearCombination.Apply(
            team, (float)(1 - (p.LearningRate * p.WeightDecay)), matrix.Weights, (float)-step, update, matrix.Weights, count);
    }

    /// <summary>
    /// X = p(X) five times, with X X^T (or X^T X, whichever is smaller) as the square: p(X) = (a I + b S + c S S) X.
    /// </summary>
    /// <returns>Where the result lies: in x or at the start of the scratch memory.</returns>
    private static float* Orthogonalize(Team team, float* x, int rows, int columns, float* scratch, Precision precision)
    {
        var count = (long)rows * columns;
        var norm = Math.Sqrt(SquaredNorm.Compute(team, x, count));
        LinearCombination.Apply(team, (float)(1 / (norm + NormFloor)), x, 0f, x, x, count);
        var wide = rows <= columns;
        var side = Math.Min(rows, columns);
        var next = scratch; // (rows, columns)
        var square = next + count; // (side, side): S
        var polynomial = square + ((long)side * side); // (side, side): a I + b S + c S S
        for (var i = 0; i < Iterations; i++)
        {
            var (plain, transposed) = (new MatrixView(x, columns), new MatrixView(x, columns, transposed: true));
            Gemm.Multiply(
                team, side, side, wide ? columns : rows, wide ? plain : transposed, wide ? transposed : plain, square, side,
                precision: precision);
            var s = new MatrixView(square, side);
            Gemm.Multiply(team, side, side, side, s, s, polynomial, side, precision: precision);
            LinearCombination.Apply(team, B, square, C, polynomial, polynomial, (long)side * side);
            for (var k = 0; k < side; k++)
            {
                polynomial[((long)k * side) + k] += A;
            }
            var p = new MatrixView(polynomial, side);
            Gemm.Multiply(
                team, rows, columns, side, wide ? p : plain, wide ? plain : p, next, columns, precision: precision);
            var previous = x;
            x = next;
            next = previous;
        }
        return x;
    }

    /// <summary>m = decay m + g; u = g + decay m (Nesterov).</summary>
    private struct MomentumJob : IJob
    {
        internal float* Gradients; // (count)
        internal float* Momentum; // (count)
        internal float* Update; // (count)
        internal long Count;
        internal float Scale;
        internal float Decay;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var first = (long)part * Partition.Elements;
            var length = (int)Math.Min(Partition.Elements, Count - first);
            var gradients = Gradients + first;
            var momentum = Momentum + first;
            var update = Update + first;
            var scale = S.Create(Scale);
            var decay = S.Create(Decay);
            var i = 0;
            for (; i <= length - S.Count; i += S.Count)
            {
                Advance<S, V>(gradients + i, momentum + i, update + i, scale, decay, S.Count);
            }
            if (i < length)
            {
                Advance<S, V>(gradients + i, momentum + i, update + i, scale, decay, length - i);
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Advance<S, V>(float* gradients, float* momentum, float* update, V scale, V decay, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var g = S.Multiply(scale, S.LoadPartial(gradients, count));
            var m = S.MultiplyAdd(decay, S.LoadPartial(momentum, count), g);
            S.StorePartial(momentum, m, count);
            S.StorePartial(update, S.MultiplyAdd(decay, m, g), count);
        }
    }
}
