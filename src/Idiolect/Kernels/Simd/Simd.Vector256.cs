using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels;

/// <summary>8 floats at a time.</summary>
internal readonly unsafe struct SimdVector256 : ISimd<Vector256<float>>
{
    public static int Count => 8;
    public static Vector256<float> Zero => Vector256<float>.Zero;
    public static Vector256<float> Create(float value) => Vector256.Create(value);
    public static Vector256<float> Load(float* source) => Vector256.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> LoadPartial(float* source, int count)
    {
        if (count >= Count)
        {
            return Vector256.Load(source);
        }
        return Avx.IsSupported
            ? Avx.MaskLoad(source, FirstLanes(count))
            : Vector256.Create(SimdVector128.LoadPartial(source, count), SimdVector128.LoadPartial(source + 4, Math.Max(0, count - 4)));
    }

    public static void Store(float* destination, Vector256<float> value) => Vector256.Store(value, destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(float* destination, Vector256<float> value, int count)
    {
        if (count >= Count)
        {
            Vector256.Store(value, destination);
        }
        else if (Avx.IsSupported)
        {
            Avx.MaskStore(destination, FirstLanes(count), value);
        }
        else
        {
            SimdVector128.StorePartial(destination, value.GetLower(), count);
            SimdVector128.StorePartial(destination + 4, value.GetUpper(), Math.Max(0, count - 4));
        }
    }

    public static Vector256<float> Add(Vector256<float> a, Vector256<float> b) => a + b;
    public static Vector256<float> Subtract(Vector256<float> a, Vector256<float> b) => a - b;
    public static Vector256<float> Multiply(Vector256<float> a, Vector256<float> b) => a * b;
    public static Vector256<float> Divide(Vector256<float> a, Vector256<float> b) => a / b;

    public static Vector256<float> MultiplyAdd(Vector256<float> a, Vector256<float> b, Vector256<float> c)
        => Vector256.MultiplyAddEstimate(a, b, c);

    public static Vector256<float> Min(Vector256<float> a, Vector256<float> b) => Vector256.MinNative(a, b);
    public static Vector256<float> Max(Vector256<float> a, Vector256<float> b) => Vector256.MaxNative(a, b);
    public static Vector256<float> Sqrt(Vector256<float> a) => Vector256.Sqrt(a);
    public static Vector256<float> Abs(Vector256<float> a) => Vector256.Abs(a);
    public static Vector256<float> Round(Vector256<float> a) => Vector256.Round(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> ScaleByPowerOfTwo(Vector256<float> a, Vector256<float> n)
        => a * ((Vector256.ConvertToInt32Native(n) + Vector256.Create(127)) << 23).AsSingle();

    public static Vector256<float> SelectGreater(
        Vector256<float> a, Vector256<float> b, Vector256<float> ifGreater, Vector256<float> otherwise)
        => Vector256.ConditionalSelect(Vector256.GreaterThan(a, b), ifGreater, otherwise);

    public static float Sum(Vector256<float> a) => Vector256.Sum(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Vector256<float> a)
    {
        return SimdVector128.MaxAcross(Vector128.MaxNative(a.GetLower(), a.GetUpper()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Keep(uint key0, uint key1, uint index, uint threshold)
        => Keep(
            Vector256.Create(index) + Vector256<uint>.Indices, Vector256.Create(key0), Vector256.Create(key1), threshold);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Keep(uint* keys0, uint* keys1, uint index, uint threshold)
        => Keep(Vector256.Create(index), Vector256.Load(keys0), Vector256.Load(keys1), threshold);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Keep(Vector256<uint> index, Vector256<uint> key0, Vector256<uint> key1, uint threshold)
    {
        // The vector form of CounterRandom.Hash.
        var h = index ^ key0;
        h ^= h >>> 16;
        h *= Vector256.Create(CounterRandom.Multiplier0);
        h ^= h >>> 15;
        h ^= key1;
        h *= Vector256.Create(CounterRandom.Multiplier1);
        h ^= h >>> 16;
        h *= Vector256.Create(CounterRandom.Multiplier0);
        h ^= h >>> 15;
        return Vector256.ConditionalSelect(
            Vector256.GreaterThanOrEqual(h, Vector256.Create(threshold)).AsSingle(), Vector256<float>.One, Vector256<float>.Zero);
    }

    // A mask and no copy of memory: around a call, every register of a loop would live on the stack.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> FirstLanes(int count)
        => Vector256.LessThan(Vector256<int>.Indices, Vector256.Create(count)).AsSingle();

    public static Vector256<float> RoundToBFloat16(Vector256<float> a)
    {
        var bits = a.AsUInt32();
        // To nearest, ties to even; a NaN would lose its bits or overflow, so it is only made quiet.
        var rounded = (bits + Vector256.Create(0x7FFFu) + ((bits >>> 16) & Vector256.Create(1u))) & Vector256.Create(0xFFFF0000u);
        return Vector256.ConditionalSelect(Vector256.Equals(a, a), rounded.AsSingle(), ((bits | Vector256.Create(0x00400000u)) & Vector256.Create(0xFFFF0000u)).AsSingle());
    }

    public static Vector256<float> PackLowHalves(Vector256<float> even, Vector256<float> odd)
        => Vector256.ConditionalSelect(Vector256.Create(0x0000FFFFu), even.AsUInt32(), odd.AsUInt32() << 16).AsSingle();

    public static Vector256<float> PackBFloat16(Vector256<float> even, Vector256<float> odd)
        => ((RoundToBFloat16(even).AsUInt32() >>> 16) | RoundToBFloat16(odd).AsUInt32()).AsSingle();
}
