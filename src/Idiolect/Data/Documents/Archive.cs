using System.Formats.Tar;
using System.IO.Compression;

namespace Idiolect.Data;

/// <summary>
/// Reads the text files of .zip and .tar archives one by one. Nothing is ever unpacked to the disk under a member's name, so names may be what they
/// like; archives inside archives are passed over.
/// </summary>
internal static class Archive
{
    /// <summary>Reads the documents of a member.</summary>
    internal delegate IEnumerable<TextPart> ReadMember(Stream stream, string kind, string name);

    /// <summary>Whether a name is an archive's.</summary>
    internal static bool IsArchive(string name) => Path.GetExtension(name).ToUpperInvariant() is ".ZIP" or ".TAR";

    /// <summary>The documents of all members that hold text.</summary>
    /// <param name="stream">The archive, unpacked where it was compressed; closed at the end.</param>
    /// <param name="kind">The name whose extension says which archive it is.</param>
    /// <param name="name">The name for messages.</param>
    /// <param name="reads">Whether a file of a name is text of some kind.</param>
    /// <param name="read">Reads a member: its unpacked bytes, the name whose extension says what it is, and the name for messages.</param>
    internal static IEnumerable<TextPart> Read(Stream stream, string kind, string name, Func<string, bool> reads, ReadMember read)
        => Path.GetExtension(kind).Equals(".zip", StringComparison.OrdinalIgnoreCase) ? ReadZip(stream, name, reads, read) : ReadTar(stream, name, reads, read);

    private static IEnumerable<TextPart> ReadZip(Stream stream, string name, Func<string, bool> reads, ReadMember read)
    {
        using var seekable = WholeText.Seekable(stream);
        using var archive = Guard(() => new ZipArchive(seekable, ZipArchiveMode.Read), name);
        foreach (var member in Guard(() => archive.Entries, name).Where(member => IsText(member.FullName, reads)).OrderBy(member => member.FullName, StringComparer.Ordinal))
        {
            var path = $"{name}!{member.FullName}";
            var opened = Guard(member.Open, path);
            foreach (var part in ReadUnpacked(Decompression.Limit(opened, Math.Min(member.CompressedLength, seekable.Length), path), member.FullName, path, read))
            {
                yield return part;
            }
        }
    }

    private static IEnumerable<TextPart> ReadTar(Stream stream, string name, Func<string, bool> reads, ReadMember read)
    {
        using var reader = new TarReader(stream);
        while (Guard(() => reader.GetNextEntry(), name) is { } member)
        {
            if (member.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile && member.DataStream is { } data && IsText(member.Name, reads))
            {
                foreach (var part in ReadUnpacked(new Member(data, $"{name}!{member.Name}"), member.Name, $"{name}!{member.Name}", read))
                {
                    yield return part;
                }
            }
        }
    }

    private static IEnumerable<TextPart> ReadUnpacked(Stream stream, string member, string path, ReadMember read)
        => Decompression.TryStrip(member, out var inner) ? read(Decompression.Open(stream, path), inner, path) : read(stream, inner, path);

    private static bool IsText(string path, Func<string, bool> reads)
    {
        _ = Decompression.TryStrip(path, out var inner);
        return !IsArchive(inner) && reads(path) && !path.Split('/', '\\').Any(part => part.StartsWith('.') && part is not ("." or ".."));
    }

    private static T Guard<T>(Func<T> read, string name)
    {
        try
        {
            return read();
        }
        catch (Exception exception) when (exception is InvalidDataException or EndOfStreamException or FormatException or NotSupportedException
            && !exception.Message.StartsWith(name, StringComparison.Ordinal))
        {
            throw new InvalidDataException($"{name} is no whole archive, or one of a kind that is not read: {exception.Message.ReplaceLineEndings(" ")}", exception);
        }
    }

    /// <summary>A member, whose end may be missing.</summary>
    private sealed class Member(Stream inner, string name) : ReadOnlyStream(inner)
    {
        public override int Read(Span<byte> buffer)
        {
            try
            {
                return Inner.Read(buffer);
            }
            catch (EndOfStreamException exception)
            {
                throw new InvalidDataException($"{name} is cut off: fetch the archive again.", exception);
            }
        }
    }
}
