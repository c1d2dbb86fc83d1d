using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Idiolect.Formats;

/// <summary>
/// Reads tensors from a safetensors file, converted to float32. Opening reads and checks the header only; each
/// <see cref="Read"/> reads one tensor straight into the caller's memory. Any number of threads may read.
/// </summary>
/// <remarks>Files are little-endian, and so must be the machine.</remarks>
public sealed class SafetensorsReader : IDisposable
{
    private const int ChunkBytes = 1 << 16;
    private const int LargestRead = 1 << 28;

    private readonly SafeFileHandle _handle;
    private FileVerification? _verification;

    private SafetensorsReader(string path, SafeFileHandle handle, Dictionary<string, TensorInfo> tensors)
    {
        FilePath = path;
        _handle = handle;
        Tensors = tensors;
    }

    /// <summary>The file.</summary>
    public string FilePath { get; }

    /// <summary>The tensors by name.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; }

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is no valid safetensors file; the message says what is wrong.</exception>
    public static SafetensorsReader Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no file '{path}'. Check the path.", path);
        }
        FileKind.RequireRegular(path);
        var handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
        try
        {
            return new SafetensorsReader(path, handle, ReadHeader(path, handle));
        }
        catch
        {
            handle.Dispose();
            throw;
        }
    }

    /// <summary>Reads a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="destination">Receives the elements in row-major order; as long as the tensor has elements.</param>
    /// <exception cref="ArgumentException">The destination has another length than the tensor.</exception>
    /// <exception cref="InvalidDataException">
    /// There is no such tensor, its type is not a floating-point type, or the file shrank since it was opened.
    /// </exception>
    public void Read(string name, Span<float> destination)
    {
        if (!Tensors.TryGetValue(name, out var tensor))
        {
            throw new InvalidDataException($"'{FilePath}' holds no tensor '{name}'; it holds {Tensors.Count} others"
                + (Tensors.Count == 0 ? "." : $", such as '{Tensors.Keys.Order(StringComparer.Ordinal).First()}'."));
        }
        if (!tensor.IsFloatingPoint)
        {
            throw new InvalidDataException($"'{FilePath}': tensor '{name}' has the dtype {tensor.Type}, not F32, F16, BF16 or F64.");
        }
        if (destination.Length != tensor.ElementCount)
        {
            throw new ArgumentException(
                $"Tensor '{name}' of '{FilePath}' has {tensor.ElementCount} elements, the destination {destination.Length}.",
                nameof(destination));
        }
        if (tensor.Type == StoredType.F32)
        {
            ReadFloats(name, destination, tensor.Offset);
        }
        else
        {
            ReadConverted(name, destination, tensor);
        }
    }

    /// <summary>Reads a tensor of 32-bit integers.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="destination">As many integers as the tensor has elements.</param>
    /// <exception cref="InvalidDataException">There is no such tensor, or its elements are something else.</exception>
    public void ReadIntegers(string name, Span<int> destination)
    {
        if (!Tensors.TryGetValue(name, out var tensor) || tensor.Type != StoredType.I32 || tensor.ElementCount != destination.Length)
        {
            throw new InvalidDataException($"'{FilePath}' holds no tensor '{name}' of {destination.Length} I32.");
        }
        ReadFloats(name, MemoryMarshal.Cast<int, float>(destination), tensor.Offset);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose()
    {
        _verification?.Dispose();
        _handle.Dispose();
    }

    /// <summary>
    /// Compares the file with a checksum, as its tensors are read, which costs least in the order of their offsets and by one thread.
    /// <see cref="FinishVerification"/> says whether it is the same.
    /// </summary>
    /// <exception cref="InvalidDataException">The length is another.</exception>
    internal void BeginVerification(FileChecksum expected) => _verification = new FileVerification(FilePath, _handle, expected);

    /// <summary>Ends what <see cref="BeginVerification"/> began, if it did.</summary>
    /// <exception cref="InvalidDataException">The file is not what its checksum says.</exception>
    internal void FinishVerification() => _verification?.Finish();

    private static Dictionary<string, TensorInfo> ReadHeader(string path, SafeFileHandle handle)
    {
        var fileLength = RandomAccess.GetLength(handle);
        Span<byte> lengthBytes = stackalloc byte[SafetensorsHeader.LengthSize];
        if (fileLength < lengthBytes.Length || !TryFill(handle, lengthBytes, 0))
        {
            throw SafetensorsHeader.Bad(path, $"it has only {fileLength} bytes");
        }
        var length = BinaryPrimitives.ReadUInt64LittleEndian(lengthBytes);
        var rest = fileLength - lengthBytes.Length;
        if (length > (ulong)rest || length > SafetensorsHeader.LongestHeader)
        {
            throw SafetensorsHeader.Bad(path, $"it claims a header of {length} bytes in a file of {fileLength}");
        }
        var header = new byte[length];
        return TryFill(handle, header, lengthBytes.Length)
            ? SafetensorsHeader.Parse(header, rest - header.Length, path)
            : throw SafetensorsHeader.Bad(path, "it shrank while it was read");
    }

    private void ReadFloats(string name, Span<float> destination, long offset)
    {
        // A span of bytes cannot cover more than 2 GiB.
        var step = (_verification == null ? LargestRead : FileVerification.ChunkBytes) / sizeof(float);
        for (var start = 0L; start < destination.Length; start += step)
        {
            var part = destination.Slice((int)start, (int)Math.Min(step, destination.Length - start));
            Fill(name, MemoryMarshal.AsBytes(part), offset + (start * sizeof(float)));
        }
    }

    private void ReadConverted(string name, Span<float> destination, TensorInfo tensor)
    {
        var chunk = new byte[Math.Min(ChunkBytes, tensor.ByteCount)];
        var size = TensorInfo.SizeOf(tensor.Type);
        var offset = tensor.Offset;
        while (!destination.IsEmpty)
        {
            var count = Math.Min(destination.Length, chunk.Length / size);
            var bytes = chunk.AsSpan(0, count * size);
            Fill(name, bytes, offset);
            Convert(tensor.Type, bytes, destination[..count]);
            destination = destination[count..];
            offset += bytes.Length;
        }
    }

    private static void Convert(StoredType type, ReadOnlySpan<byte> bytes, Span<float> destination)
    {
        switch (type)
        {
            case StoredType.F16:
                var halves = MemoryMarshal.Cast<byte, Half>(bytes);
                for (var i = 0; i < destination.Length; i++)
                {
                    destination[i] = (float)halves[i];
                }
                break;
            case StoredType.BF16:
                var upper = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (var i = 0; i < destination.Length; i++)
                {
                    destination[i] = BitConverter.UInt32BitsToSingle((uint)upper[i] << 16);
                }
                break;
            default:
                var doubles = MemoryMarshal.Cast<byte, double>(bytes);
                for (var i = 0; i < destination.Length; i++)
                {
                    destination[i] = (float)doubles[i];
                }
                break;
        }
    }

    private void Fill(string name, Span<byte> bytes, long offset)
    {
        if (!TryFill(_handle, bytes, offset))
        {
            throw SafetensorsHeader.Bad(FilePath, $"it shrank after it was opened; tensor '{name}' is cut short");
        }
        _verification?.Append(offset, bytes);
    }

    private static bool TryFill(SafeFileHandle handle, Span<byte> bytes, long offset)
    {
        while (!bytes.IsEmpty)
        {
            var read = RandomAccess.Read(handle, bytes, offset);
            if (read == 0)
            {
                return false;
            }
            bytes = bytes[read..];
            offset += read;
        }
        return true;
    }
}
