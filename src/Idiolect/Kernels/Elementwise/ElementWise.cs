using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>A function of two numbers as a type, over any register width.</summary>
internal interface IBinaryOperator
{
    static abstract V Invoke<S, V>(V a, V b)
        where S : struct, ISimd<V>
        where V : struct;
}

/// <summary>a - b.</summary>
internal readonly struct Difference : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Invoke<S, V>(V a, V b)
        where S : struct, ISimd<V>
        where V : struct
        => S.Subtract(a, b);
}

/// <summary>a b.</summary>
internal readonly struct Product : IBinaryOperator
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Invoke<S, V>(V a, V b)
        where S : struct, ISimd<V>
        where V : struct
        => S.Multiply(a, b);
}

/// <summary>The one loop of every element-wise kernel: y[i] = f(a[i], b[i]).</summary>
internal static unsafe class ElementWise
{
    /// <summary>Applies the operator to <paramref name="count"/> elements; y may alias a or b.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="a">(count).</param>
    /// <param name="b">(count); the same pointer as a for a function of one number.</param>
    /// <param name="y">(count).</param>
    /// <param name="count">The number of elements.</param>
    /// <param name="accumulate">Whether the result is added to y instead of written.</param>
    internal static void Apply<TOperator>(Team team, float* a, float* b, float* y, long count, bool accumulate = false)
        where TOperator : struct, IBinaryOperator
        => team.Run(
            new Job<TOperator> { A = a, B = b, Y = y, Count = count, Accumulate = accumulate }, Partition.ElementParts(count),
            KernelWork.Moving((a == b ? 2.0 : 3.0) * count + (accumulate ? count : 0)));

    private struct Job<TOperator> : IJob
        where TOperator : struct, IBinaryOperator
    {
        internal float* A;
        internal float* B;
        internal float* Y;
        internal long Count;
        internal bool Accumulate;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var first = (long)part * Partition.Elements;
            var a = A + first;
            var b = B + first;
            var y = Y + first;
            var count = (int)Math.Min(Partition.Elements, Count - first);
            var i = 0;
            if (Accumulate)
            {
                for (; i <= count - S.Count; i += S.Count)
                {
                    Ahead(a + i, b + i, y + i);
                    S.Store(y + i, S.Add(S.Load(y + i), TOperator.Invoke<S, V>(S.Load(a + i), S.Load(b + i))));
                }
            }
            else
            {
                for (; i <= count - S.Count; i += S.Count)
                {
                    Ahead(a + i, b + i, y + i);
                    S.Store(y + i, TOperator.Invoke<S, V>(S.Load(a + i), S.Load(b + i)));
                }
            }
            var rest = count - i;
            if (rest > 0)
            {
                var value = TOperator.Invoke<S, V>(S.LoadPartial(a + i, rest), S.LoadPartial(b + i, rest));
                S.StorePartial(y + i, Accumulate ? S.Add(S.LoadPartial(y + i, rest), value) : value, rest);
            }
        }

        /// <summary>What is written is asked for as well: its lines are read first. Two of the three may be the same.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Ahead(float* a, float* b, float* y)
        {
            Prefetch.Ahead(a);
            if (b != a)
            {
                Prefetch.Ahead(b);
            }
            if (y != a)
            {
                Prefetch.Ahead(y);
            }
        }
    }
}
