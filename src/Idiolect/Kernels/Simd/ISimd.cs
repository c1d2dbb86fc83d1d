namespace Idiolect.Kernels;

/// <summary>
/// An instruction set as a type: the operations on a register <typeparamref name="V"/> of <see cref="Count"/> floats.
/// A kernel is written once over <c>&lt;S, V&gt;</c>; the JIT makes one specialised copy for each implementation, in which
/// every call below is a single instruction. <typeparamref name="V"/> is the runtime's own vector type, not a wrapper,
/// so that values stay in registers.
/// </summary>
internal unsafe interface ISimd<V>
    where V : struct
{
    /// <summary>Floats in one register: 1, 4, 8 or 16.</summary>
    static abstract int Count { get; }

    static abstract V Zero { get; }

    static abstract V Create(float value);

    static abstract V Load(float* source);

    /// <summary>
    /// Loads the first <paramref name="count"/> (0 to <see cref="Count"/>) floats; the other lanes are 0. Where <see cref="Count"/> itself is handed
    /// to an inlined method, the JIT leaves a plain load: so loops go over whole registers, and what is left comes after them.
    /// </summary>
    static abstract V LoadPartial(float* source, int count);

    static abstract void Store(float* destination, V value);

    /// <summary>Stores the first <paramref name="count"/> (0 to <see cref="Count"/>) lanes and nothing beyond them.</summary>
    static abstract void StorePartial(float* destination, V value, int count);

    static abstract V Add(V a, V b);

    static abstract V Subtract(V a, V b);

    static abstract V Multiply(V a, V b);

    static abstract V Divide(V a, V b);

    /// <summary>a * b + c, fused where the hardware fuses.</summary>
    static abstract V MultiplyAdd(V a, V b, V c);

    /// <summary>The smaller; as the hardware has it, so a NaN in b is handed on but one in a may not be.</summary>
    static abstract V Min(V a, V b);

    /// <summary>The larger; NaN as in <see cref="Min"/>.</summary>
    static abstract V Max(V a, V b);

    static abstract V Sqrt(V a);

    static abstract V Abs(V a);

    /// <summary>Rounds each lane to the nearest integer, ties to even.</summary>
    static abstract V Round(V a);

    /// <summary>a * 2^n for integral n in [-126, 127].</summary>
    static abstract V ScaleByPowerOfTwo(V a, V n);

    /// <summary>a &gt; b ? ifGreater : otherwise, lane by lane.</summary>
    static abstract V SelectGreater(V a, V b, V ifGreater, V otherwise);

    /// <summary>The sum of all lanes, added in an order that depends on the variant only.</summary>
    static abstract float Sum(V a);

    /// <summary>The largest lane.</summary>
    static abstract float MaxAcross(V a);

    /// <summary>The nearest bfloat16 (ties to even) of each lane, as a float; NaN stays NaN.</summary>
    static abstract V RoundToBFloat16(V a);

    /// <summary>Both rounded to bfloat16: in each lane, <paramref name="even"/> in the low and <paramref name="odd"/> in the high half.</summary>
    static abstract V PackBFloat16(V even, V odd);

    /// <summary>The low halves of both, as they are: in each lane, that of <paramref name="even"/> in the low and that of <paramref name="odd"/> in the high half.</summary>
    static abstract V PackLowHalves(V even, V odd);

    /// <summary>
    /// 1 in the lanes to keep and 0 in the lanes to drop: lane i is kept where the 32-bit hash of
    /// <paramref name="index"/> + i under the key is at least <paramref name="threshold"/> (see <see cref="CounterRandom"/>).
    /// </summary>
    static abstract V Keep(uint key0, uint key1, uint index, uint threshold);

    /// <summary>
    /// As <see cref="Keep(uint, uint, uint, uint)"/>, but lane i is kept by the hash of the same <paramref name="index"/> under
    /// a key of its own, (keys0[i], keys1[i]).
    /// </summary>
    static abstract V Keep(uint* keys0, uint* keys1, uint index, uint threshold);
}
