using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Xml;

namespace Idiolect.Data;

/// <summary>
/// The corpus that every .NET machine has: the XML documentation of the SDK's reference packs,
/// <c>{root}/packs/*/*/ref/*/*.xml</c>, one document for each documented type or member.
/// </summary>
internal static class DotnetDocumentation
{
    /// <summary>Reads, removes duplicates, sorts by type (so that members follow their type) and divides by outermost type.</summary>
    internal static (IReadOnlyList<Document> Training, IReadOnlyList<Document> Validation) Load(CorpusOptions options)
    {
        var members = Distinct(ReadAll(Files(options.DotnetRoot ?? FindRoot())));
        var types = members.Select(member => member.Id.DeclaringType).ToHashSet(StringComparer.Ordinal);
        var documents = members
            .Select(member => (Type: member.Id.OutermostType(types), Member: member))
            .OrderBy(entry => entry.Type, StringComparer.Ordinal)
            .ThenBy(entry => entry.Member.Id.DeclaringType, StringComparer.Ordinal)
            .ThenByDescending(entry => entry.Member.Id.Kind == 'T')
            .ThenBy(entry => entry.Member.Id.Text, StringComparer.Ordinal)
            .Select(entry => (entry.Type, Document: new Document(entry.Member.Id.Text, entry.Member.Text)))
            .ToLookup(entry => CorpusSplit.IsHeldOut(entry.Type, options.ValidationFraction), entry => entry.Document);
        return ([.. documents[false]], [.. documents[true]]);
    }

    /// <summary>The .NET installation that runs this process, or the one that DOTNET_ROOT names (for self-contained programs).</summary>
    private static string FindRoot()
    {
        // {root}/shared/Microsoft.NETCore.App/{version}/
        var ofRuntime = Path.GetFullPath(Path.Join(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        string?[] candidates = [ofRuntime, Environment.GetEnvironmentVariable("DOTNET_ROOT")];
        return candidates.FirstOrDefault(root => !string.IsNullOrEmpty(root) && Directory.Exists(Path.Join(root, "packs"))) ?? ofRuntime;
    }

    /// <summary>Pack by pack in ordinal order, the newest version of each first.</summary>
    private static string[] Files(string root)
    {
        var packs = Path.Join(root, "packs");
        string[] files = Directory.Exists(packs)
            ? [.. Subfolders(packs).SelectMany(pack => Subfolders(pack).Reverse())
                .Select(version => Path.Join(version, "ref"))
                .Where(Directory.Exists)
                .SelectMany(Subfolders)
                .SelectMany(target => Directory.EnumerateFiles(target, "*.xml").Order(StringComparer.Ordinal))]
            : [];
        return files.Length > 0
            ? files
            : throw new DirectoryNotFoundException(
                $"There is no documentation in {packs}: the .NET runtime alone does not bring it. Install the .NET SDK "
                + "(https://dot.net/download), set DOTNET_ROOT to its folder, or train on text of your own with --data.");
    }

    private static IEnumerable<string> Subfolders(string folder)
        => Directory.EnumerateDirectories(folder).OrderBy(path => path, NumericOrdinal);

    /// <summary>Orders 10.0.9 before 10.0.12.</summary>
    private static readonly StringComparer NumericOrdinal
        = StringComparer.Create(System.Globalization.CultureInfo.InvariantCulture, System.Globalization.CompareOptions.NumericOrdering);

    private static DocumentationMember[] ReadAll(string[] files)
    {
        // The packs share files (ASP.NET Core's holds a copy of the runtime's): equal content is parsed once.
        var contents = new byte[files.Length][];
        var hashes = new string[files.Length];
        Parallel.For(0, files.Length, i =>
        {
            contents[i] = File.ReadAllBytes(files[i]);
            hashes[i] = Convert.ToHexString(SHA256.HashData(contents[i]));
        });
        var different = Enumerable.Range(0, files.Length).DistinctBy(i => hashes[i]).ToArray();
        return [.. different.AsParallel().AsOrdered()
            .Select(i => Parse(files[i], contents[i]))
            .ToArray()
            .SelectMany(members => members)];
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

    /// <summary>Keeps the first of each ID (the newest version) and of each documentation, whatever it is the documentation of.</summary>
    private static List<DocumentationMember> Distinct(DocumentationMember[] members)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        var bodies = new HashSet<string>(StringComparer.Ordinal);
        return [.. members.Where(member => ids.Add(member.Id.Text) && bodies.Add(member.Body))];
    }
}
