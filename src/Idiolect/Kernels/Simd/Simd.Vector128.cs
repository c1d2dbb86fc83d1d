using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Idiolect.Kernels;

/// <summary>4 floats at a time.</summary>
internal readonly unsafe struct SimdVector128 : ISimd<Vector128<float>>
{
    public static int Count => 4;
    public static Vector128<float> Zero => Vector128<float>.Zero;
    public static Vector128<float> Create(float value) => Vector128.Create(value);
    public static Vector128<float> Load(float* source) => Vector128.Load(source);

    // Lane by lane and no copy of memory: around a call, every register of a loop would live on the stack.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> LoadPartial(float* source, int count)
        => count >= Count
            ? Vector128.Load(source)
            : Vector128.Create(count > 0 ? source[0] : 0f, count > 1 ? source[1] : 0f, count > 2 ? source[2] : 0f, 0f);

    public static void Store(float* destination, Vector128<float> value) => Vector128.Store(value, destination);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StorePartial(float* destination, Vector128<float> value, int count)
    {
        if (count >= Count)
        {
            Vector128.Store(value, destination);
        }
        else if (count > 0)
        {
            destination[0] = value.ToScalar();
            if (count > 1)
            {
                destination[1] = value.GetElement(1);
            }
            if (count > 2)
            {
                destination[2] = value.GetElement(2);
            }
        }
    }

    public static Vector128<float> Add(Vector128<float> a, Vector128<float> b) => a + b;
    public static Vector128<float> Subtract(Vector128<float> a, Vector128<float> b) => a - b;
    public static Vector128<float> Multiply(Vector128<float> a, Vector128<float> b) => a * b;
    public static Vector128<float> Divide(Vector128<float> a, Vector128<float> b) => a / b;

    public static Vector128<float> MultiplyAdd(Vector128<float> a, Vector128<float> b, Vector128<float> c)
        => Vector128.MultiplyAddEstimate(a, b, c);

    public static Vector128<float> Min(Vector128<float> a, Vector128<float> b) => Vector128.MinNative(a, b);
    public static Vector128<float> Max(Vector128<float> a, Vector128<float> b) => Vector128.MaxNative(a, b);
    public static Vector128<float> Sqrt(Vector128<float> a) => Vector128.Sqrt(a);
    public static Vector128<float> Abs(Vector128<float> a) => Vector128.Abs(a);
    public static Vector128<float> Round(Vector128<float> a) => Vector128.Round(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> ScaleByPowerOfTwo(Vector128<float> a, Vector128<float> n)
        => a * ((Vector128.ConvertToInt32Native(n) + Vector128.Create(127)) << 23).AsSingle();

    public static Vector128<float> SelectGreater(
        Vector128<float> a, Vector128<float> b, Vector128<float> ifGreater, Vector128<float> otherwise)
        => Vector128.ConditionalSelect(Vector128.GreaterThan(a, b), ifGreater, otherwise);

    public static float Sum(Vector128<float> a) => Vector128.Sum(a);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float MaxAcross(Vector128<float> a)
    {
        a = Vector128.MaxNative(a, Vector128.Shuffle(a, Vector128.Create(2, 3, 0, 1)));
        a = Vector128.MaxNative(a, Vector128.Shuffle(a, Vector128.Create(1, 0, 3, 2)));
        return a.ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Keep(uint key0, uint key1, uint index, uint threshold)
        => Keep(
            Vector128.Create(index) + Vector128<uint>.Indices, Vector128.Create(key0), Vector128.Create(key1), threshold);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<float> Keep(uint* keys0, uint* keys1, uint index, uint threshold)
        => Keep(Vector128.Create(index), Vector128.Load(keys0), Vector128.Load(keys1), threshold);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Keep(Vector128<uint> index, Vector128<uint> key0, Vector128<uint> key1, uint threshold)
    {
        // The vector form of CounterRandom.Hash.
        var h = index ^ key0;
        h ^= h >>> 16;
        h *= Vector128.Create(CounterRandom.Multiplier0);
        h ^= h >>> 15;
        h ^= key1;
        h *= Vector128.Create(CounterRandom.Multiplier1);
        h ^= h >>> 16;
        h *= Vector128.Create(CounterRandom.Multiplier0);
        h ^= h >>> 15;
        return Vector128.ConditionalSelect(
            Vector128.GreaterThanOrEqual(h, Vector128.Create(threshold)).AsSingle(), Vector128<float>.One, Vector128<float>.Zero);
    }

    public static Vector128<float> RoundToBFloat16(Vector128<float> a)
    {
        var bits = a.AsUInt32();
        // To nearest, ties to even; a NaN would lose its bits or overflow, so it is only made quiet.
        var rounded = (bits + Vector128.Create(0x7FFFu) + ((bits >>> 16) & Vector128.Create(1u))) & Vector128.Create(0xFFFF0000u);
        return Vector128.ConditionalSelect(Vector128.Equals(a, a), rounded.AsSingle(), ((bits | Vector128.Create(0x00400000u)) & Vector128.Create(0xFFFF0000u)).AsSingle());
    }

    public static Vector128<float> PackLowHalves(Vector128<float> even, Vector128<float> odd)
        => Vector128.ConditionalSelect(Vector128.Create(0x0000FFFFu), even.AsUInt32(), odd.AsUInt32() << 16).AsSingle();

    public static Vector128<float> PackBFloat16(Vector128<float> even, Vector128<float> odd)
        => ((RoundToBFloat16(even).AsUInt32() >>> 16) | RoundToBFloat16(odd).AsUInt32()).AsSingle();
}
