using Microsoft.Extensions.FileSystemGlobbing;

namespace Idiolect.Data;

/// <summary>Finds the files that a user means by a path, a folder or a glob, and reads them in ordinal order of their paths.</summary>
internal static class TextSource
{
    private static readonly string[] TextExtensions = [".txt", ".text", ".md", ".markdown", ".rst", ".adoc", ".org", ".tex"];
    private static readonly string[] JsonLinesExtensions = [".jsonl", ".ndjson"];

    internal static IReadOnlyList<Document> Read(string source, CorpusOptions options)
    {
        var documents = new List<Document>();
        foreach (var file in Files(source))
        {
            if (HasExtension(file, JsonLinesExtensions))
            {
                JsonLines.Read(file, options.Field, documents);
            }
            else if (Utf8Text.Read(file) is { Length: > 0 } text)
            {
                documents.Add(new Document(file, text));
            }
        }
        return documents.Count > 0
            ? documents
            : throw new InvalidDataException($"{source} is empty: give a file, folder or glob that holds text.");
    }

    private static string[] Files(string source)
    {
        if (File.Exists(source))
        {
            return [source];
        }
        if (Directory.Exists(source))
        {
            return InFolder(source);
        }
        return source.Contains('*', StringComparison.Ordinal)
            ? Matching(source)
            : throw new FileNotFoundException(
                $"There is no file or folder {source}: check the path, or give {Corpus.DotnetDocs} for the documentation of your SDK.", source);
    }

    /// <summary>Hidden files and folders (such as .git) are passed over, and symbolic links, which may run in circles.</summary>
    private static string[] InFolder(string folder)
    {
        var everything = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint,
        };
        string[] files = [.. Directory.EnumerateFiles(folder, "*", everything)
            .Where(file => HasExtension(file, TextExtensions) || HasExtension(file, JsonLinesExtensions))];
        Array.Sort(files, StringComparer.Ordinal);
        return files.Length > 0
            ? files
            : throw new FileNotFoundException(
                $"The folder {folder} has no text files ({string.Join(' ', TextExtensions.Concat(JsonLinesExtensions))}): "
                + $"give a glob for others, such as \"{Path.Join(folder, "**/*.cs")}\".",
                folder);
    }

    /// <summary>Symbolic links are passed over, as in a folder; a hidden file or folder is read if it matches.</summary>
    private static string[] Matching(string glob)
    {
        var pattern = glob.Replace('\\', '/');
        var fixedPart = pattern.LastIndexOf('/', pattern.IndexOf('*', StringComparison.Ordinal)) + 1;
        var root = fixedPart == 0 ? "." : pattern[..fixedPart];
        var matcher = new Matcher(StringComparison.Ordinal).AddInclude(pattern[fixedPart..]);
        var noLinks = new EnumerationOptions
        {
            RecurseSubdirectories = pattern[fixedPart..].Contains('/', StringComparison.Ordinal), AttributesToSkip = FileAttributes.ReparsePoint,
        };
        string[] files = Directory.Exists(root)
            ? [.. Directory.EnumerateFiles(Path.GetFullPath(root), "*", noLinks).Where(file => matcher.Match(root, file).HasMatches)]
            : [];
        Array.Sort(files, StringComparer.Ordinal);
        return files.Length > 0
            ? files
            : throw new FileNotFoundException(
                $"No file matches {glob}: * stands for a part of a name and ** for folders at any depth (quote the glob in a shell); symbolic links are passed over.", glob);
    }

    private static bool HasExtension(string file, string[] extensions)
        => extensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);
}
