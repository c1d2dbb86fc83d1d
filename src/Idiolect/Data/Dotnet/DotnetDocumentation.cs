using System.Xml;

namespace Idiolect.Data;

/// <summary>
/// The corpus that every .NET machine has: the XML documentation of the SDK's reference packs,
/// <c>{root}/packs/*/*/ref/*/*.xml</c>, one document for each documented type or member.
/// </summary>
internal static class DotnetDocumentation
{
    /// <summary>
    /// Reads, sorts by type (so that members follow their type), removes duplicates and divides by outermost type.
    /// </summary>
    /// <remarks>
    /// Overloads repeat each other's parameters, and many types each other's summaries: half of the characters are copies. Each
    /// element (summary, parameter, result, exception, remark) is kept only where it comes first, before the division, so that
    /// validation measures the prediction of text that was not seen, not the memory of text that was.
    /// </remarks>
    internal static (IReadOnlyList<Document> Training, IReadOnlyList<Document> Validation) Load(CorpusOptions options)
    {
        // Of several versions of a pack the newest comes first, and its member wins.
        var members = ReadAll(Files(options.DotnetRoot ?? DotnetRoot.Find("packs"))).DistinctBy(member => member.Id.Text).ToArray();
        var types = members.Select(member => member.Id.DeclaringType).ToHashSet(StringComparer.Ordinal);
        var sorted = members
            .Select(member => (Type: member.Id.OutermostType(types), Member: member))
            .OrderBy(entry => entry.Type, StringComparer.Ordinal)
            .ThenBy(entry => entry.Member.Id.DeclaringType, StringComparer.Ordinal)
            .ThenByDescending(entry => entry.Member.Id.Kind == 'T')
            .ThenBy(entry => entry.Member.Id.Text, StringComparer.Ordinal);

        var seen = new HashSet<string>(StringComparer.Ordinal);
        var training = new List<Document>();
        var validation = new List<Document>();
        foreach (var (type, member) in sorted)
        {
            string[] different = [.. member.Elements.Where(seen.Add)];
            if (different.Length > 0)
            {
                var side = CorpusSplit.IsHeldOut(type, options.ValidationFraction) ? validation : training;
                side.Add(new Document(member.Id.Text, $"{member.Signature}\n{string.Join('\n', different)}\n"));
            }
        }
        return (training, validation);
    }

    /// <summary>Pack by pack in ordinal order, the newest version of each first.</summary>
    private static string[] Files(string root)
    {
        var packs = Path.Join(root, "packs");
        string[] files = Directory.Exists(packs)
            ? [.. DotnetRoot.Subfolders(packs).SelectMany(pack => DotnetRoot.Subfolders(pack).OrderByDescending(DotnetRoot.VersionOf))
                .Select(version => Path.Join(version, "ref"))
                .Where(Directory.Exists)
                .SelectMany(DotnetRoot.Subfolders)
                .SelectMany(target => Directory.EnumerateFiles(target, "*.xml").Order(StringComparer.Ordinal))]
            : [];
        return files.Length > 0
            ? files
            : throw new DirectoryNotFoundException(
                $"There is no documentation in {packs}: the .NET runtime alone does not bring it. Install the .NET SDK "
                + "(https://dot.net/download), set DOTNET_ROOT to its folder, or name text of your own.");
    }

    private static IEnumerable<DocumentationMember> ReadAll(string[] files)
    {
        // The packs share files (ASP.NET Core's holds a copy of the runtime's): equal content is parsed once.
        var different = ParallelMap.Run(files, file => (File: file, Content: File.ReadAllBytes(file)))
            .DistinctBy(entry => entry.Content, new ContentComparer())
            .ToArray();
        return ParallelMap.Run(different, entry => Parse(entry.File, entry.Content)).SelectMany(members => members);
    }

    private static List<DocumentationMember> Parse(string file, byte[] xml)
    {
        try
        {
            return DocumentationReader.Read(xml);
        }
        catch (XmlException exception)
        {
            throw new InvalidDataException($"{file} is not valid XML: {exception.Message} Repair the .NET SDK.", exception);
        }
    }

    private sealed class ContentComparer : IEqualityComparer<byte[]>
    {
        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] content) => content.Length;
    }
}
