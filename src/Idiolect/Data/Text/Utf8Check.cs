using System.Buffers;
using System.Text.Unicode;

namespace Idiolect.Data;

/// <summary>Finds what is no UTF-8.</summary>
internal static class Utf8Check
{
    /// <summary>Says where bytes that should be UTF-8 are not.</summary>
    /// <param name="name">The file.</param>
    /// <param name="offset">The first byte that is none.</param>
    internal static InvalidDataException NotUtf8(string name, long offset) => new(
        $"{name} is not valid UTF-8 at byte offset {offset}: save it as UTF-8 (for example iconv -f windows-1252 -t utf-8).");

    /// <summary>Where the first bytes that are no UTF-8 begin.</summary>
    internal static int FirstInvalid(ReadOnlySpan<byte> bytes)
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
