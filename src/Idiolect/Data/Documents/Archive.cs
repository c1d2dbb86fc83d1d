using System.Formats.Tar;
using System.IO.Compression;
using System.IO.Hashing;

namespace Idiolect.Data;

/// <summary>
/// Reads the text files of .zip and .tar archives one by one. Nothing is ever unpacked to the disk under a member's name, so names may be what they
/// like; archives inside archives are passed over and told of.
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
    /// <param name="budget">How much may come out of it.</param>
    /// <param name="reads">Whether a file of a name is text of some kind.</param>
    /// <param name="skip">Told of members that are passed over though their names say that they hold text, and of an archive without any.</param>
    /// <param name="read">Reads a member: its unpacked bytes, the name whose extension says what it is, and the name for messages.</param>
    internal static IEnumerable<TextPart> Read(
        Stream stream, string kind, string name, UnpackedBudget budget, Func<string, bool> reads, Action<SkippedFile> skip, ReadMember read)
    {
        var wanted = 0;
        bool Wants(string path, string? why)
        {
            if (!reads(path) || path.Split('/', '\\').Any(part => part.StartsWith('.') && part is not ("." or "..")))
            {
                return false;
            }
            wanted++;
            _ = Decompression.TryStrip(path, out var inner);
            why ??= IsArchive(inner) ? "it is an archive inside an archive" : null;
            if (why is not null)
            {
                skip(new SkippedFile($"{name}!{path}", why));
            }
            return why is null;
        }

        var isZip = Path.GetExtension(kind).Equals(".zip", StringComparison.OrdinalIgnoreCase);
        foreach (var part in isZip ? ReadZip(stream, name, budget, Wants, read) : ReadTar(stream, name, budget, Wants, read))
        {
            yield return part;
        }
        if (wanted == 0)
        {
            skip(new SkippedFile(name, "it holds no file of text"));
        }
    }

    private static IEnumerable<TextPart> ReadZip(Stream stream, string name, UnpackedBudget budget, Func<string, string?, bool> wants, ReadMember read)
    {
        using var seekable = WholeText.Seekable(stream);
        using var archive = Guard(() => new ZipArchive(seekable, ZipArchiveMode.Read), name);
        foreach (var member in Guard(() => archive.Entries, name).OrderBy(member => member.FullName, StringComparer.Ordinal).Where(member => wants(member.FullName, null)))
        {
            var path = $"{name}!{member.FullName}";
            if (member.IsEncrypted)
            {
                throw new InvalidDataException($"{path} is encrypted: unpack it with its password first.");
            }
            var opened = Decompression.Limit(new CheckedMember(Guard(member.Open, path), member.Length, member.Crc32), path, budget);
            foreach (var part in ReadUnpacked(opened, member.FullName, path, budget, read))
            {
                yield return part;
            }
        }
    }

    private static IEnumerable<TextPart> ReadTar(Stream stream, string name, UnpackedBudget budget, Func<string, string?, bool> wants, ReadMember read)
    {
        using var reader = new TarReader(stream);
        while (Guard(() => reader.GetNextEntry(), name) is { } member)
        {
            var isFile = member.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile;
            var path = $"{name}!{member.Name}";
            if (member.EntryType is not (TarEntryType.Directory or TarEntryType.DirectoryList or TarEntryType.GlobalExtendedAttributes)
                && wants(member.Name, isFile ? null : "it is a link or a special file") && member.DataStream is { } data)
            {
                foreach (var part in ReadUnpacked(new Member(data, path), member.Name, path, budget, read))
                {
                    yield return part;
                }
            }
        }
    }

    private static IEnumerable<TextPart> ReadUnpacked(Stream stream, string member, string path, UnpackedBudget budget, ReadMember read)
        => Decompression.TryStrip(member, out var inner) ? read(Decompression.Open(stream, path, budget), inner, path) : read(stream, inner, path);

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

    /// <summary>A member of a .zip, which must be as long as that says and have its checksum: .NET looks at neither.</summary>
    private sealed class CheckedMember(Stream inner, long length, uint checksum) : ReadOnlyStream(inner)
    {
        private readonly Crc32 _found = new();
        private long _count;

        public override int Read(Span<byte> buffer)
        {
            var count = Inner.Read(buffer);
            _found.Append(buffer[..count]);
            _count += count;
            return count > 0 || buffer.IsEmpty || (_count == length && _found.GetCurrentHashAsUInt32() == checksum) ? count
                : throw new InvalidDataException("The member's length or checksum is not what the archive says.");
        }
    }
}
