using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>Sums along and between rows of floats, in an order that depends on the length and the variant only.</summary>
internal static unsafe class Row
{
    /// <summary>The sum of x (count).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Sum<S, V>(float* x, int count)
        where S : struct, ISimd<V>
        where V : struct
    {
        var sum = S.Zero;
        var i = 0;
        for (; i <= count - S.Count; i += S.Count)
        {
            sum = S.Add(sum, S.Load(x + i));
        }
        if (i < count)
        {
            sum = S.Add(sum, S.LoadPartial(x + i, count - i));
        }
        return S.Sum(sum);
    }

    /// <summary>The sum of a[i] * b[i] over (count).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static float Dot<S, V>(float* a, float* b, int count)
        where S : struct, ISimd<V>
        where V : struct
    {
        var sum = S.Zero;
        var i = 0;
        for (; i <= count - S.Count; i += S.Count)
        {
            sum = S.MultiplyAdd(S.Load(a + i), S.Load(b + i), sum);
        }
        if (i < count)
        {
            sum = S.MultiplyAdd(S.LoadPartial(a + i, count - i), S.LoadPartial(b + i, count - i), sum);
        }
        return S.Sum(sum);
    }

    /// <summary>sum = a + b over (count); sum may alias either.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Add<S, V>(float* a, float* b, float* sum, int count)
        where S : struct, ISimd<V>
        where V : struct
    {
        var i = 0;
        for (; i <= count - S.Count; i += S.Count)
        {
            Prefetch.Ahead(a + i);
            Prefetch.Ahead(b + i);
            S.Store(sum + i, S.Add(S.Load(a + i), S.Load(b + i)));
        }
        if (i < count)
        {
            S.StorePartial(sum + i, S.Add(S.LoadPartial(a + i, count - i), S.LoadPartial(b + i, count - i)), count - i);
        }
    }

    /// <summary>destination += source over (count).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void AddTo<S, V>(float* source, float* destination, int count)
        where S : struct, ISimd<V>
        where V : struct
        => Add<S, V>(source, destination, destination, count);
}
