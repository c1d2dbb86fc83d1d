using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels;

/// <summary>16 floats at a time.</summary>
internal readonly unsafe struct SimdVector512 : ISimd<Vector512<float>>
{
    public static int Count => 16;
    public static Vector512<float> Zero => Vector512<float>.Zero;
    public static Vector512<float> Create(float value) => Vector512.Create(value);
    public static Vector512<float> Load(float* source) => Vector512.Load(source);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> LoadPartial(float* source, int count)
        => count >= Count
            ? Vector512.Load(source)
            : Vector512.Create(SimdVector256.LoadPartial(source, count), SimdVector256.LoadPartial(source + 8, Math.Max(0, count - 8)));

    public static void Store(float* destination, Vector512<float> value) => Vector512.Store(value, destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(float* destination, Vector512<float> value, int count)
    {
        if (count >= Count)
        {
            Vector512.Store(value, destination);
        }
        else
        {
            SimdVector256.StorePartial(destination, value.GetLower(), count);
            SimdVector256.StorePartial(destination + 8, value.GetUpper(), Math.Max(0, count - 8));
        }
    }

    public static Vector512<float> Add(Vector512<float> a, Vector512<float> b) => a + b;
    public static Vector512<float> Subtract(Vector512<float> a, Vector512<float> b) => a - b;
    public static Vector512<float> Multiply(Vector512<float> a, Vector512<float> b) => a * b;
    public static Vector512<float> Divide(Vector512<float> a, Vector512<float> b) => a / b;

    public static Vector512<float> MultiplyAdd(Vector512<float> a, Vector512<float> b, Vector512<float> c)
        => Vector512.MultiplyAddEstimate(a, b, c);

    public static Vector512<float> Min(Vector512<float> a, Vector512<float> b) => Vector512.MinNative(a, b);
    public static Vector512<float> Max(Vector512<float> a, Vector512<float> b) => Vector512.MaxNative(a, b);
    public static Vector512<float> Sqrt(Vector512<float> a) => Vector512.Sqrt(a);
    public static Vector512<float> Abs(Vector512<float> a) => Vector512.Abs(a);
    public static Vector512<float> Round(Vector512<float> a) => Vector512.Round(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> ScaleByPowerOfTwo(Vector512<float> a, Vector512<float> n)
        => Avx512F.IsSupported ? Avx512F.Scale(a, n) : a * ((Vector512.ConvertToInt32Native(n) + Vector512.Create(127)) << 23).AsSingle();

    public static Vector512<float> SelectGreater(
        Vector512<float> a, Vector512<float> b, Vector512<float> ifGreater, Vector512<float> otherwise)
        => Vector512.ConditionalSelect(Vector512.GreaterThan(a, b), ifGreater, otherwise);

    public static float Sum(Vector512<float> a) => Vector512.Sum(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Vector512<float> a)
    {
        return SimdVector256.MaxAcross(Vector256.MaxNative(a.GetLower(), a.GetUpper()));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Keep(uint key0, uint key1, uint index, uint threshold)
        => Keep(
            Vector512.Create(index) + Vector512<uint>.Indices, Vector512.Create(key0), Vector512.Create(key1), threshold);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Keep(uint* keys0, uint* keys1, uint index, uint threshold)
        => Keep(Vector512.Create(index), Vector512.Load(keys0), Vector512.Load(keys1), threshold);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Keep(Vector512<uint> index, Vector512<uint> key0, Vector512<uint> key1, uint threshold)
    {
        // The vector form of CounterRandom.Hash.
        var h = index ^ key0;
        h ^= h >>> 16;
        h *= Vector512.Create(CounterRandom.Multiplier0);
        h ^= h >>> 15;
        h ^= key1;
        h *= Vector512.Create(CounterRandom.Multiplier1);
        h ^= h >>> 16;
        h *= Vector512.Create(CounterRandom.Multiplier0);
        h ^= h >>> 15;
        return Vector512.ConditionalSelect(
            Vector512.GreaterThanOrEqual(h, Vector512.Create(threshold)).AsSingle(), Vector512<float>.One, Vector512<float>.Zero);
    }

    public static Vector512<float> RoundToBFloat16(Vector512<float> a)
    {
        var bits = a.AsUInt32();
        // To nearest, ties to even; a NaN would lose its bits or overflow, so it is only made quiet.
        var rounded = (bits + Vector512.Create(0x7FFFu) + ((bits >>> 16) & Vector512.Create(1u))) & Vector512.Create(0xFFFF0000u);
        return Vector512.ConditionalSelect(Vector512.Equals(a, a), rounded.AsSingle(), ((bits | Vector512.Create(0x00400000u)) & Vector512.Create(0xFFFF0000u)).AsSingle());
    }

    public static Vector512<float> PackLowHalves(Vector512<float> even, Vector512<float> odd)
        => Vector512.ConditionalSelect(Vector512.Create(0x0000FFFFu), even.AsUInt32(), odd.AsUInt32() << 16).AsSingle();

    public static Vector512<float> PackBFloat16(Vector512<float> even, Vector512<float> odd)
        => ((RoundToBFloat16(even).AsUInt32() >>> 16) | RoundToBFloat16(odd).AsUInt32()).AsSingle();
}
