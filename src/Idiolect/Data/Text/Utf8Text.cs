using System.Text;
using System.Text.Unicode;
using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>
/// Reads text strictly, whatever the locale: UTF-8, or UTF-16 and UTF-32 behind their byte order mark. Nothing is replaced in silence.
/// </summary>
public static class Utf8Text
{
    private const long MostBytes = 1L << 30;

    /// <summary>The text of a file, without a byte order mark.</summary>
    /// <param name="file">The file.</param>
    /// <exception cref="InvalidDataException">It is no text, no regular file, or has more than 2^30 bytes.</exception>
    public static string Read(string file) => Encoding.UTF8.GetString(ReadBytes(file));

    /// <summary>The text of a stream to its end, without a byte order mark.</summary>
    /// <param name="stream">The stream, such as standard input.</param>
    /// <param name="name">What an error calls it.</param>
    /// <exception cref="InvalidDataException">It is no text, or has more than 2^30 bytes.</exception>
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

    /// <summary>The bytes of a file's text in valid UTF-8, without a byte order mark.</summary>
    internal static ReadOnlySpan<byte> ReadBytes(string file)
    {
        FileKind.RequireRegular(file);
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
    {
        var (encoding, markLength) = TextEncoding.Detect(bytes);
        if (markLength == 0)
        {
            TextEncoding.Refuse(bytes[..Math.Min(bytes.Length, 4096)], name, anyKind: false);
        }
        bytes = bytes[markLength..];
        if (encoding is not UTF8Encoding)
        {
            try
            {
                return Encoding.UTF8.GetBytes(encoding.GetString(bytes));
            }
            catch (DecoderFallbackException exception)
            {
                throw new InvalidDataException(
                    $"{name} begins with the mark of {TextEncoding.NameOf(encoding)}, but is not all valid {TextEncoding.NameOf(encoding)}: save it as UTF-8.", exception);
            }
        }
        return Utf8.IsValid(bytes) ? bytes : throw Utf8Check.NotUtf8(name, markLength + Utf8Check.FirstInvalid(bytes));
    }
}
