using System.IO.Compression;
using ZstdSharp;

namespace Idiolect.Data;

/// <summary>Unpacks compressed files as they are read, up to a limit.</summary>
internal static class Decompression
{
    /// <summary>Text seldom becomes a tenth; what becomes less than this share of itself is no text but a trap.</summary>
    internal const int MostExpansion = 200;

    /// <summary>Up to here anything may grow.</summary>
    internal const long FreeBytes = 64L << 20;

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
    internal static Stream Open(Stream compressed, string name)
    {
        var counted = new CountingStream(compressed);
        Stream unpacked = Path.GetExtension(name).Equals(".zst", StringComparison.OrdinalIgnoreCase)
            ? new DecompressionStream(counted, leaveOpen: false)
            : new GzipEnd.Checked(new GZipStream(new GzipEnd.Marked(counted), CompressionMode.Decompress));
        return new LimitedStream(unpacked, () => counted.Count, name);
    }

    /// <summary>A member of an archive, under the same limit.</summary>
    internal static Stream Limit(Stream unpacked, long compressedLength, string name) => new LimitedStream(unpacked, () => compressedLength, name);

    private sealed class CountingStream(Stream inner) : ReadOnlyStream(inner)
    {
        internal long Count { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            var count = Inner.Read(buffer);
            Count += count;
            return count;
        }
    }

    private sealed class LimitedStream(Stream inner, Func<long> compressed, string name) : ReadOnlyStream(inner)
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
            return _count <= FreeBytes || _count / MostExpansion <= compressed()
                ? read
                : throw new InvalidDataException(
                    $"{name} unpacks to more than {MostExpansion} times its size ({_count >> 20} MiB of {compressed()} bytes so far): no text does; unpack it yourself if it is one.");
        }
    }
}
