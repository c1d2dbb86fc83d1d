using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>One float at a time: for processors and runtimes without vector instructions.</summary>
internal readonly unsafe struct SimdScalar : ISimd<float>
{
    public static int Count => 1;
    public static float Zero => 0f;
    public static float Create(float value) => value;
    public static float Load(float* source) => *source;
    public static float LoadPartial(float* source, int count) => count > 0 ? *source : 0f;
    public static void Store(float* destination, float value) => *destination = value;

    public static void StorePartial(float* destination, float value, int count)
    {
        if (count > 0)
        {
            *destination = value;
        }
    }

    public static float Add(float a, float b) => a + b;
    public static float Subtract(float a, float b) => a - b;
    public static float Multiply(float a, float b) => a * b;
    public static float Divide(float a, float b) => a / b;
    public static float MultiplyAdd(float a, float b, float c) => float.MultiplyAddEstimate(a, b, c);
    public static float Min(float a, float b) => MathF.Min(a, b);
    public static float Max(float a, float b) => MathF.Max(a, b);
    public static float Sqrt(float a) => MathF.Sqrt(a);
    public static float Abs(float a) => MathF.Abs(a);
    public static float Round(float a) => MathF.Round(a);

    public static float ScaleByPowerOfTwo(float a, float n)
        => a * BitConverter.Int32BitsToSingle(((int)n + 127) << 23);

    public static float SelectGreater(float a, float b, float ifGreater, float otherwise) => a > b ? ifGreater : otherwise;
    public static float Sum(float a) => a;
    public static float MaxAcross(float a) => a;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Keep(uint key0, uint key1, uint index, uint threshold)
        => CounterRandom.Hash(key0, key1, index) >= threshold ? 1f : 0f;

    public static float RoundToBFloat16(float a)
    {
        var bits = BitConverter.SingleToUInt32Bits(a);
        return BitConverter.UInt32BitsToSingle(
            (float.IsNaN(a) ? bits | 0x00400000u : bits + 0x7FFFu + ((bits >> 16) & 1u)) & 0xFFFF0000u);
    }

    public static float PackLowHalves(float even, float odd)
        => BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(even) & 0x0000FFFFu) | (BitConverter.SingleToUInt32Bits(odd) << 16));

    public static float PackBFloat16(float even, float odd)
        => BitConverter.UInt32BitsToSingle(
            (BitConverter.SingleToUInt32Bits(RoundToBFloat16(even)) >> 16) | BitConverter.SingleToUInt32Bits(RoundToBFloat16(odd)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Keep(uint* keys0, uint* keys1, uint index, uint threshold)
        => CounterRandom.Hash(*keys0, *keys1, index) >= threshold ? 1f : 0f;
}
