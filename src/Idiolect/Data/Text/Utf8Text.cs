using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace Idiolect.Data;

/// <summary>Reads UTF-8 strictly, whatever the locale: nothing is replaced in silence.</summary>
public static class Utf8Text
{
    private const long MostBytes = 1L << 30;

    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];

    /// <summary>The text of a file, without a byte order mark.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">It is not UTF-8, or has more than 2^30 bytes.</exception>
    public static string Read(string file) => Encoding.UTF8.GetString(ReadBytes(file));

    /// <summary>The text of a stream to its end, without a byte order mark.</summary>
    /// <param name="stream">The stream, such as standard input.</param>
    /// <param name="name">What an error calls it.</param>
    /// <exception cref="InvalidDataException">It is not UTF-8, or has more than 2^30 bytes.</exception>
    public static string Read(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var memory = new MemoryStream();
        var buffer = new byte[65_536];
        for (int count; (count = stream.Read(buffer)) > 0;)
        {
            RequireReadable(memory.Length + count, name);
            memory.Write(buffer, 0, count);
        }
        return Encoding.UTF8.GetString(Check(memory.GetBuffer().AsSpan(0, (int)memory.Length), name));
    }

    /// <summary>The bytes of a file, known to be valid UTF-8, without a byte order mark.</summary>
    internal static ReadOnlySpan<byte> ReadBytes(string file)
    {
        RequireReadable(new FileInfo(file).Length, file);
        return Check(File.ReadAllBytes(file), file);
    }

    private static void RequireReadable(long length, string name)
    {
        if (length > MostBytes)
        {
            throw new InvalidDataException($"{name} has {length} bytes or more; at most {MostBytes} are read at once: split it into several.");
        }
    }

    private static ReadOnlySpan<byte> Check(ReadOnlySpan<byte> bytes, string name)
        => !Utf8.IsValid(bytes)
            ? throw new InvalidDataException(
                $"{name} is not valid UTF-8 at byte offset {FirstInvalid(bytes)}: save it as UTF-8 (for example iconv -f windows-1252 -t utf-8).")
            : bytes.StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes;

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
