using Microsoft.Extensions.FileSystemGlobbing;
using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>Finds the files that a user means by a path, a folder or a glob, in ordinal order of their paths.</summary>
internal static class SourceFiles
{
    /// <summary>The files; pipes, sockets and devices in a folder are passed over and told of.</summary>
    /// <param name="source">A path, a folder or a glob.</param>
    /// <param name="skip">Told of what is passed over.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">The path itself is a pipe, a socket or a device.</exception>
    internal static string[] Find(string source, Action<SkippedFile> skip)
    {
        if (File.Exists(source))
        {
            FileKind.RequireRegular(source);
            return [source];
        }
        if (Directory.Exists(source))
        {
            return InFolder(source, skip);
        }
        return source.Contains('*', StringComparison.Ordinal)
            ? Matching(source, skip)
            : throw new FileNotFoundException(
                $"There is no file or folder {source}: check the path, or give {Corpus.DotnetDocs} for the documentation of your SDK.", source);
    }

    /// <summary>Hidden files and folders (such as .git) are passed over, and symbolic links, which may run in circles.</summary>
    private static string[] InFolder(string folder, Action<SkippedFile> skip)
    {
        var everything = new EnumerationOptions
        {
            RecurseSubdirectories = true,
            AttributesToSkip = FileAttributes.Hidden | FileAttributes.System | FileAttributes.ReparsePoint,
        };
        var files = Regular(Directory.EnumerateFiles(folder, "*", everything).Where(DocumentReader.Reads), skip);
        return files.Length > 0
            ? files
            : throw new FileNotFoundException(
                $"The folder {folder} has no text files ({DocumentReader.Kinds}): "
                + $"give a glob for others, such as \"{Path.Join(folder, "**/*.log")}\".",
                folder);
    }

    /// <summary>Symbolic links are passed over, as in a folder; a hidden file or folder is read if it matches.</summary>
    private static string[] Matching(string glob, Action<SkippedFile> skip)
    {
        var pattern = glob.Replace('\\', '/');
        var fixedPart = pattern.LastIndexOf('/', pattern.IndexOf('*', StringComparison.Ordinal)) + 1;
        var root = fixedPart == 0 ? "." : pattern[..fixedPart];
        var matcher = new Matcher(StringComparison.Ordinal).AddInclude(pattern[fixedPart..]);
        var noLinks = new EnumerationOptions
        {
            RecurseSubdirectories = pattern[fixedPart..].Contains('/', StringComparison.Ordinal), AttributesToSkip = FileAttributes.ReparsePoint,
        };
        var files = Directory.Exists(root)
            ? Regular(Directory.EnumerateFiles(Path.GetFullPath(root), "*", noLinks).Where(file => matcher.Match(root, file).HasMatches), skip)
            : [];
        return files.Length > 0
            ? files
            : throw new FileNotFoundException(
                $"No file matches {glob}: * stands for a part of a name and ** for folders at any depth (quote the glob in a shell); symbolic links are passed over.", glob);
    }

    private static string[] Regular(IEnumerable<string> found, Action<SkippedFile> skip)
    {
        var files = new List<string>();
        foreach (var file in found.Order(StringComparer.Ordinal))
        {
            if (FileKind.DescribeSpecial(file) is { } what)
            {
                skip(new SkippedFile(file, $"it is {what}"));
            }
            else
            {
                files.Add(file);
            }
        }
        return [.. files];
    }
}
