using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace Idiolect.Formats;

/// <summary>A tensor to be written.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Shape">Its shape, row-major; empty for a scalar.</param>
/// <param name="Data">Gives its elements, row-major, when their turn has come; called once.</param>
public sealed record TensorSource(string Name, IReadOnlyList<long> Shape, Func<ReadOnlySpan<float>> Data)
{
    /// <summary>The element type: <see cref="StoredType.F32"/>, or <see cref="StoredType.I32"/> where the data are the bits of integers.</summary>
    public StoredType Type { get; init; } = StoredType.F32;
}

/// <summary>
/// Writes float32 tensors as a safetensors file, one after the other: never more than one tensor is asked for. Tensors are
/// sorted by name, so that equal models give equal files. See <see cref="SafetensorsHeader"/> for the format; as the
/// reference implementation does, the header is padded with spaces so that the data start at a multiple of 8 bytes.
/// </summary>
public static class SafetensorsWriter
{
    private const int Alignment = 8;
    private const int LargestWrite = 1 << 28;

    /// <summary>Writes a file atomically.</summary>
    /// <exception cref="ArgumentException">Two tensors have one name, or the elements of one do not fit its shape.</exception>
    /// <exception cref="WriteFailedException">The disk is full, or the folder cannot be written.</exception>
    public static void Write(string path, IEnumerable<TensorSource> tensors)
        => AtomicFile.Write(path, stream => Write(stream, tensors));

    /// <summary>Writes to a stream.</summary>
    /// <exception cref="ArgumentException">Two tensors have one name, or the elements of one do not fit its shape.</exception>
    public static void Write(Stream stream, IEnumerable<TensorSource> tensors)
    {
        var sorted = tensors.OrderBy(tensor => tensor.Name, StringComparer.Ordinal).ToList();
        var header = Header(sorted);
        Span<byte> length = stackalloc byte[SafetensorsHeader.LengthSize];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach (var tensor in sorted)
        {
            var data = tensor.Data();
            if (data.Length != Count(tensor))
            {
                throw new ArgumentException(
                    $"Tensor '{tensor.Name}' [{string.Join(", ", tensor.Shape)}] was given {data.Length} elements.", nameof(tensors));
            }
            WriteFloats(stream, data);
        }
    }

    private static byte[] Header(List<TensorSource> tensors)
    {
        var json = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(json);
        writer.WriteStartObject();
        writer.WriteStartObject(SafetensorsHeader.MetadataName);
        writer.WriteString("format", "pt"); // transformers refuses a file that does not say so
        writer.WriteEndObject();
        var position = 0L;
        string? previous = null;
        foreach (var tensor in tensors)
        {
            if (tensor.Name == previous || tensor.Name == SafetensorsHeader.MetadataName)
            {
                throw new ArgumentException($"The name '{tensor.Name}' is taken twice or reserved.", nameof(tensors));
            }
            previous = tensor.Name;
            writer.WriteStartObject(tensor.Name);
            writer.WriteString("dtype", tensor.Type == StoredType.I32 ? nameof(StoredType.I32) : nameof(StoredType.F32));
            WriteIntegers(writer, "shape", tensor.Shape);
            var end = checked(position + (Count(tensor) * sizeof(float)));
            WriteIntegers(writer, "data_offsets", [position, end]);
            writer.WriteEndObject();
            position = end;
        }
        writer.WriteEndObject();
        writer.Flush();

        var padded = new byte[(json.WrittenCount + Alignment - 1) / Alignment * Alignment];
        padded.AsSpan().Fill((byte)' ');
        json.WrittenSpan.CopyTo(padded);
        return padded;
    }

    private static void WriteIntegers(Utf8JsonWriter writer, string name, IReadOnlyList<long> values)
    {
        writer.WriteStartArray(name);
        foreach (var value in values)
        {
            writer.WriteNumberValue(value);
        }
        writer.WriteEndArray();
    }

    private static long Count(TensorSource tensor)
        => tensor.Shape.Aggregate(1L, (product, size) => checked(product * size));

    private static void WriteFloats(Stream stream, ReadOnlySpan<float> data)
    {
        // A span of bytes cannot cover more than 2 GiB.
        const int step = LargestWrite / sizeof(float);
        for (var start = 0L; start < data.Length; start += step)
        {
            stream.Write(MemoryMarshal.AsBytes(data.Slice((int)start, (int)Math.Min(step, data.Length - start))));
        }
    }
}
