using System.CommandLine;

using Idiolect.Data;

namespace Idiolect.Cli.Options;

/// <summary>
/// The texts of a verb: those of <c>--text</c>, or one a line of <c>--file</c> or of what is piped in. A blank line is a text too, so that
/// answers stand beside their lines.
/// </summary>
/// <param name="what">What the texts are, in a word: text, sentence.</param>
/// <param name="note">What the help says of the file beside that.</param>
/// <param name="form">How a text has to look.</param>
internal sealed class TextInput(string what, string note = "", string form = "")
{
    /// <summary><c>--text</c>.</summary>
    internal Option<string[]> Texts { get; } = new("--text")
    {
        Description = $"A {what}{form}; may be given several times  [standard input, one a line]",
        HelpName = "TEXT",
    };

    /// <summary><c>--file</c>.</summary>
    internal Option<string?> File { get; } = Flag.Text("--file", $"File of {what}s, one a line, or - for standard input{note}", "FILE");

    /// <summary>Reads the texts.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ArgumentException">No text was given, or in two ways.</exception>
    internal async Task<string[]> ReadAsync(ParseResult parsed, Terminal terminal, CancellationToken cancellationToken)
        => (parsed.GetValue(Texts) ?? [], parsed.GetValue(File)) switch
        {
            ({ Length: > 0 } given, null) => given,
            ([], StandardInput.Name) => Lines(await StandardInput.ReadAsync(terminal, cancellationToken).ConfigureAwait(false)),
            ([], { } path) => System.IO.File.Exists(path) ? Lines(Utf8Text.Read(path))
                : throw new FileNotFoundException($"there is no file {path}; --file names a file of {what}s, one a line", path),
            ([], null) when terminal.Input is not null
                && await StandardInput.ReadAsync(terminal, cancellationToken).ConfigureAwait(false) is { Length: > 0 } piped => Lines(piped),
            ([], null) => throw new ArgumentException($"give a {what} with --text, a file with --file, or pipe {what}s in"),
            _ => throw new ArgumentException($"--text and --file both give {what}s; leave one out"),
        };

    /// <summary>The places of the texts that say something.</summary>
    /// <exception cref="InvalidDataException">None does.</exception>
    internal int[] FindSome(string[] read)
    {
        int[] some = [.. Enumerable.Range(0, read.Length).Where(i => !string.IsNullOrWhiteSpace(read[i]))];
        return some.Length > 0 ? some : throw new InvalidDataException($"there is no {what}: all that was given is blank; write one a line");
    }

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
}
