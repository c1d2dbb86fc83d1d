using Idiolect.Data;

namespace Idiolect.Cli.Options;

/// <summary>Texts of <c>--text</c> or, one a line, of <c>--file</c>: one of the two.</summary>
internal static class TextInput
{
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ArgumentException">Neither flag was given, or both.</exception>
    internal static string[] Read(IReadOnlyList<string> texts, string? file, string what) => (texts.Count, file) switch
    {
        ( > 0, null) => [.. texts],
        (0, { } path) => !File.Exists(path)
            ? throw new FileNotFoundException($"there is no file {path}; --file names a file of {what}s, one a line", path)
            : Lines(Utf8Text.Read(path)),
        _ => throw new ArgumentException($"give a {what} with --text or a file with --file, one of them"),
    };

    private static string[] Lines(string text)
    {
        using var reader = new StringReader(text);
        var lines = new List<string>();
        while (reader.ReadLine() is { } line)
        {
            lines.Add(line);
        }
        return [.. lines];
    }

    /// <summary>The same without blank lines, which have no meaning to take.</summary>
    /// <exception cref="InvalidDataException">The file has no text.</exception>
    internal static string[] ReadTexts(IReadOnlyList<string> texts, string? file)
    {
        string[] read = [.. Read(texts, file, "text").Where(text => !string.IsNullOrWhiteSpace(text))];
        return read.Length > 0 ? read : throw new InvalidDataException($"{file ?? "--text"} holds no text; write one a line");
    }
}
