using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Idiolect.Data;

/// <summary>Reads UTF-8 files strictly: nothing is replaced in silence.</summary>
internal static class Utf8Text
{
    private const long MaxFileBytes = 1L << 30;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The text of a file, without a byte order mark.</summary>
    internal static string Read(string file) => Encoding.UTF8.GetString(ReadBytes(file));

    /// <summary>The bytes of a file, known to be valid UTF-8, without a byte order mark.</summary>
    internal static ReadOnlySpan<byte> ReadBytes(string file)
    {
        var length = new FileInfo(file).Length;
        if (length > MaxFileBytes)
        {
            throw new InvalidDataException($"{file} has {length} bytes; at most {MaxFileBytes} are read from one file: split it into several.");
        }
        var bytes = File.ReadAllBytes(file);
        if (!Utf8.IsValid(bytes))
        {
            throw new InvalidDataException(
                $"{file} is not valid UTF-8 at byte offset {FirstInvalid(bytes)}: save it as UTF-8 (for example iconv -f windows-1252 -t utf-8).");
        }
        return bytes.AsSpan().StartsWith(ByteOrderMark) ? bytes.AsSpan(ByteOrderMark.Length) : bytes;
    }

    private static int FirstInvalid(ReadOnlySpan<byte> bytes)
    {
        Span<char> sink = stackalloc char[1024];
        var offset = 0;
        while (true)
        {
            var status = Utf8.ToUtf16(bytes[offset..], sink, out var read, out _, replaceInvalidSequences: false);
            offset += read;
            if (status != OperationStatus.DestinationTooSmall)
            {
                return offset;
            }
        }
    }
}
