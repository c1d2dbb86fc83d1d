using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>y = alpha a + beta b, element by element.</summary>
internal static unsafe class LinearCombination
{
    /// <summary>Combines <paramref name="count"/> elements; y may be a or b.</summary>
    internal static void Apply(Team team, float alpha, float* a, float beta, float* b, float* y, long count)
        => team.Run(
            new Job { A = a, B = b, Y = y, Alpha = alpha, Beta = beta, Count = count }, Partition.ElementParts(count),
            KernelWork.Moving((a == b ? 2.0 : 3.0) * count));

    private struct Job : IJob
    {
        internal float* A; // (count)
        internal float* B; // (count)
        internal float* Y; // (count)
        internal float Alpha;
        internal float Beta;
        internal long Count;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var first = (long)part * Partition.Elements;
            var length = (int)Math.Min(Partition.Elements, Count - first);
            var a = A + first;
            var b = B + first;
            var y = Y + first;
            var alpha = S.Create(Alpha);
            var beta = S.Create(Beta);
            var i = 0;
            for (; i <= length - S.Count; i += S.Count)
            {
                S.Store(y + i, S.MultiplyAdd(alpha, S.Load(a + i), S.Multiply(beta, S.Load(b + i))));
            }
            if (i < length)
            {
                var scaled = S.Multiply(beta, S.LoadPartial(b + i, length - i));
                S.StorePartial(y + i, S.MultiplyAdd(alpha, S.LoadPartial(a + i, length - i), scaled), length - i);
            }
        }
    }
}
