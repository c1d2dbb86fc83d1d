using System.Text.RegularExpressions;

namespace Idiolect.Tests.Architecture;

/// <summary>What the documents point to is there.</summary>
public sealed partial class LinkTests
{
    public static TheoryData<string> Documents =>
    [
        "README.md",
        .. Directory.EnumerateFiles(Path.Join(RepositoryFolder.Path, "docs"), "*.md", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(RepositoryFolder.Path, file).Replace('\\', '/')).Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Every_relative_link_points_to_a_file_that_is_there(string document)
    {
        var path = Path.Join(RepositoryFolder.Path, document);
        string[] broken = [.. Targets(File.ReadAllText(path)).Where(target => !Path.Exists(Path.Join(Path.GetDirectoryName(path), Uri.UnescapeDataString(target))))];
        Assert.Empty(broken);
    }

    [Fact]
    public void The_readmes_links_are_seen()
    {
        Assert.Contains("docs/architecture.md", Targets(File.ReadAllText(Path.Join(RepositoryFolder.Path, "README.md"))));
        Assert.Equal(["a.md", "b/c.svg"], Targets("[a](a.md#part), ![picture](b/c.svg), [web](https://example.org), [here](#below)"));
    }

    /// <summary>The links of a Markdown text that point to files, without the places in them.</summary>
    private static string[] Targets(string text) =>
    [
        .. Link().Matches(text).Select(match => match.Groups[1].Value)
            .Where(target => !target.StartsWith('#') && !target.Contains(':', StringComparison.Ordinal)).Select(target => target.Split('#')[0]),
    ];

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();
}
