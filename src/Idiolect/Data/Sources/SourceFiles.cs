using System.IO.Enumeration;
using Microsoft.Extensions.FileSystemGlobbing;
using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>Finds the files that a user means by a path, a folder or a glob, in ordinal order of their paths.</summary>
internal static class SourceFiles
{
    /// <summary>The files; pipes, sockets, devices and symbolic links in a folder are passed over and told of.</summary>
    /// <param name="source">A path, a folder or a glob.</param>
    /// <param name="skip">Told of what is passed over.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">The path itself is a pipe, a socket or a device.</exception>
    internal static string[] Find(string source, Action<SkippedFile> skip)
    {
        if (File.Exists(source))
        {
            FileKind.RequireRegular(source);
            return new FileInfo(source).ResolveLinkTarget(returnFinalTarget: true) is { Exists: false } target
                ? throw new FileNotFoundException($"{source} is a symbolic link to {target.FullName}, which is not there.", source) : [source];
        }
        if (Directory.Exists(source))
        {
            return InFolder(source, skip);
        }
        if (source.Contains('*', StringComparison.Ordinal))
        {
            return Matching(source, skip);
        }
        if (WeightedSource.Parse(source).Source is var file && file != source && Path.Exists(file))
        {
            throw new FileNotFoundException($"There is no file or folder {source}: a weight is for text to train on; give {file}.", source);
        }
        var colon = source.LastIndexOf(':');
        throw new FileNotFoundException(
            colon > 0 && Path.Exists(source[..colon])
                ? $"There is no file or folder {source}: a weight is a number, as in {source[..colon]}:0.3."
                : $"There is no file or folder {source}: check the path, or give {Corpus.DotnetDocs} for the documentation of your SDK.",
            source);
    }

    /// <summary>Hidden files and folders (such as .git) are passed over.</summary>
    private static string[] InFolder(string folder, Action<SkippedFile> skip)
    {
        var everything = new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System };
        var files = Regular(Enumerate(folder, everything).Where(found => found.IsFolder || DocumentReader.Reads(found.Path)), skip);
        return files.Length > 0
            ? files
            : throw new FileNotFoundException(
                $"The folder {folder} has no text files ({DocumentReader.Kinds}): "
                + $"give a glob for others, such as \"{Path.Join(folder, "**/*.log")}\".",
                folder);
    }

    /// <summary>A hidden file or folder is read if it matches.</summary>
    private static string[] Matching(string glob, Action<SkippedFile> skip)
    {
        var pattern = glob.Replace('\\', '/');
        var fixedPart = pattern.LastIndexOf('/', pattern.IndexOf('*', StringComparison.Ordinal)) + 1;
        var root = fixedPart == 0 ? "." : pattern[..fixedPart];
        var matcher = new Matcher(StringComparison.Ordinal).AddInclude(pattern[fixedPart..]);
        var everything = new EnumerationOptions { RecurseSubdirectories = pattern[fixedPart..].Contains('/', StringComparison.Ordinal), AttributesToSkip = 0 };
        var files = Directory.Exists(root)
            ? Regular(Enumerate(Path.GetFullPath(root), everything).Where(found => matcher.Match(root, found.Path).HasMatches), skip)
            : [];
        return files.Length > 0
            ? files
            : throw new FileNotFoundException(
                $"No file matches {glob}: * stands for a part of a name and ** for folders at any depth (quote the glob in a shell); symbolic links are passed over.", glob);
    }

    /// <summary>Files, and symbolic links, which are not followed, since they may run in circles.</summary>
    private static FileSystemEnumerable<(string Path, bool IsLink, bool IsFolder)> Enumerate(string folder, EnumerationOptions options)
        => new(folder, (ref entry) => (entry.ToSpecifiedFullPath(), IsLink(ref entry), entry.IsDirectory), options)
        {
            ShouldIncludePredicate = (ref entry) => !entry.IsDirectory || IsLink(ref entry),
            ShouldRecursePredicate = (ref entry) => !IsLink(ref entry),
        };

    private static bool IsLink(ref FileSystemEntry entry) => (entry.Attributes & FileAttributes.ReparsePoint) != 0;

    private static string[] Regular(IEnumerable<(string Path, bool IsLink, bool IsFolder)> found, Action<SkippedFile> skip)
    {
        var files = new List<string>();
        foreach (var (file, isLink, _) in found.OrderBy(each => each.Path, StringComparer.Ordinal))
        {
            if (isLink)
            {
                skip(new SkippedFile(file, "it is a symbolic link"));
            }
            else if (FileKind.DescribeSpecial(file) is { } what)
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
