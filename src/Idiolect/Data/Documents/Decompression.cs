using System.IO.Compression;
using ZstdSharp;

namespace Idiolect.Data;

/// <summary>Unpacks compressed files as they are read, up to a limit.</summary>
internal static class Decompression
{
    private static readonly byte[] GzipStart = [0x1F, 0x8B];
    private static readonly byte[] ZstandardStart = [0x28, 0xB5, 0x2F, 0xFD];
    private static readonly byte[] SkippableStart = [0x2A, 0x4D, 0x18];

    /// <summary>The name without the extension of a compression, and whether it has one.</summary>
    internal static bool TryStrip(string name, out string inner)
    {
        var extension = Path.GetExtension(name).ToUpperInvariant();
        inner = extension switch
        {
            ".GZ" or ".ZST" => name[..^extension.Length],
            ".TGZ" => name[..^extension.Length] + ".tar",
            _ => name,
        };
        return inner != name;
    }

    /// <summary>What a compressed file holds.</summary>
    /// <param name="compressed">Its bytes; the result owns them.</param>
    /// <param name="name">The file; its extension says how it is compressed.</param>
    /// <param name="budget">How much may come out.</param>
    internal static Stream Open(Stream compressed, string name, UnpackedBudget budget)
    {
        var head = new HeadStream(compressed);
        var isZstandard = Path.GetExtension(name).Equals(".zst", StringComparison.OrdinalIgnoreCase);
        if (!head.Head.IsEmpty && !(isZstandard ? IsZstandard(head.Head) : head.Head.StartsWith(GzipStart)))
        {
            head.Dispose();
            throw new InvalidDataException(
                $"{name} is not compressed by {(isZstandard ? "Zstandard" : "gzip")}, as its extension says: rename it to what it is, or fetch it again.");
        }
        return Limit(
            isZstandard ? new DecompressionStream(head, leaveOpen: false)
                : new GzipEnd.Checked(new GZipStream(new GzipEnd.Marked(head), CompressionMode.Decompress)),
            name, budget);
    }

    /// <summary>What is unpacked, under a limit; what is damaged there is named.</summary>
    internal static Stream Limit(Stream unpacked, string name, UnpackedBudget budget) => new LimitedStream(unpacked, name, budget);

    /// <summary>A frame, or one that is to be passed over (four bits of its first byte are free).</summary>
    private static bool IsZstandard(ReadOnlySpan<byte> head)
        => head.StartsWith(ZstandardStart) || (head.Length >= 4 && head[0] >> 4 == 5 && head[1..].StartsWith(SkippableStart));

    private sealed class LimitedStream(Stream inner, string name, UnpackedBudget budget) : ReadOnlyStream(inner)
    {
        private long _count;

        public override int Read(Span<byte> buffer)
        {
            int read;
            try
            {
                read = Inner.Read(buffer);
            }
            catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or ZstdException)
            {
                throw new InvalidDataException($"{name} is cut off or damaged behind its first {_count} unpacked bytes: fetch it again.", exception);
            }
            _count += read;
            budget.Spend(read, name);
            return read;
        }
    }
}
