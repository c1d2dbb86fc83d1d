namespace Idiolect.Recipes;

/// <summary>Makes a text of the data short enough to stand in a command.</summary>
internal static class ExampleText
{
    private const int MostCharacters = 60;

    /// <summary>The whole words at the beginning of a text, on one line.</summary>
    internal static string Of(string text)
    {
        var words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        var line = "";
        foreach (var word in words)
        {
            if (line.Length + word.Length > MostCharacters)
            {
                break;
            }
            line += (line.Length == 0 ? "" : " ") + word;
        }
        return line.Length > 0 || words.Length == 0 ? line : words[0][..(words[0].Length <= MostCharacters ? words[0].Length : char.IsHighSurrogate(words[0][MostCharacters - 1]) ? MostCharacters - 1 : MostCharacters)];
    }

    /// <summary>The same with a gap in the place of its last word.</summary>
    internal static string WithGap(string text, string gap)
    {
        var line = Of(text);
        return line.LastIndexOf(' ') is > 0 and var space ? $"{line[..space]} {gap}" : $"{line} {gap}";
    }
}
