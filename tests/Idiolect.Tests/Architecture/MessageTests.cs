using System.Text.RegularExpressions;

namespace Idiolect.Tests.Architecture;

/// <summary>The library speaks of itself: its messages name neither the tool's verbs nor its flags, which the tool puts in their place.</summary>
public sealed partial class MessageTests
{
    [Fact]
    public void No_message_of_the_library_names_a_verb_or_a_flag()
    {
        var library = Path.Join(RepositoryFolder.Path, "src", "Idiolect");
        string[] wrong = [.. Directory.EnumerateFiles(library, "*.cs", SearchOption.AllDirectories)
            .SelectMany(file => File.ReadLines(file).Select((line, i) => $"{Path.GetRelativePath(library, file)}:{i + 1}: {line.Trim()}"))
            .Where(NamesTheTool)];
        Assert.Empty(wrong);
    }

    [Theory]
    [InlineData("throw new(\"let it `classify`.\")", true)]
    [InlineData("throw new(\"give --lr a value\")", true)]
    [InlineData("throw new(\"use TextClassifier.\")", false)]
    [InlineData("/// in \"x\" a `verb`", false)]
    public void What_is_looked_for_is_found(string line, bool names) => Assert.Equal(names, NamesTheTool(line));

    private static bool NamesTheTool(string line) => !line.Contains("///", StringComparison.Ordinal) && Word().IsMatch(line);

    [GeneratedRegex("""\"[^\"]*(`[a-z]+[` ]| --[a-z])""")]
    private static partial Regex Word();
}
