namespace Idiolect.Formats;

/// <summary>The element types of the safetensors format that Idiolect knows; the names are the format's.</summary>
public enum StoredType
{
    /// <summary>IEEE 754 binary64.</summary>
    F64,

    /// <summary>IEEE 754 binary32.</summary>
    F32,

    /// <summary>IEEE 754 binary16.</summary>
    F16,

    /// <summary>bfloat16: the upper half of a binary32.</summary>
    BF16,

    /// <summary>64-bit integer.</summary>
    I64,

    /// <summary>32-bit integer.</summary>
    I32,

    /// <summary>16-bit integer.</summary>
    I16,

    /// <summary>8-bit integer.</summary>
    I8,

    /// <summary>Unsigned 64-bit integer.</summary>
    U64,

    /// <summary>Unsigned 32-bit integer.</summary>
    U32,

    /// <summary>Unsigned 16-bit integer.</summary>
    U16,

    /// <summary>Unsigned 8-bit integer.</summary>
    U8,

    /// <summary>A byte that is 0 or 1 (published GPT-2 files hold their causal masks so).</summary>
    BOOL,
}

/// <summary>What a safetensors file says of one tensor; all of it has been checked against the file.</summary>
/// <param name="Type">The element type.</param>
/// <param name="Shape">The shape, row-major; empty for a scalar.</param>
/// <param name="ElementCount">The product of the shape.</param>
/// <param name="Offset">The position of its first byte, from the start of the file.</param>
public sealed record TensorInfo(StoredType Type, IReadOnlyList<long> Shape, long ElementCount, long Offset)
{
    /// <summary>The size of the data in bytes.</summary>
    public long ByteCount => ElementCount * SizeOf(Type);

    /// <summary>True for the types that <see cref="SafetensorsReader.Read"/> converts to float32.</summary>
    public bool IsFloatingPoint => Type is StoredType.F64 or StoredType.F32 or StoredType.F16 or StoredType.BF16;

    /// <summary>The size of an element in bytes.</summary>
    internal static int SizeOf(StoredType type) => type switch
    {
        StoredType.F64 or StoredType.I64 or StoredType.U64 => 8,
        StoredType.F32 or StoredType.I32 or StoredType.U32 => 4,
        StoredType.F16 or StoredType.BF16 or StoredType.I16 or StoredType.U16 => 2,
        _ => 1,
    };
}
