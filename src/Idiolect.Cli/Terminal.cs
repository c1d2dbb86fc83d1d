using System.Text;

using Spectre.Console;

namespace Idiolect.Cli;

/// <summary>Where the program writes, and what can be shown there.</summary>
/// <param name="output">Standard output: results.</param>
/// <param name="error">Standard error: errors and hints.</param>
/// <param name="width">Columns.</param>
/// <param name="live">Whether a person watches a terminal that can redraw lines and show colour.</param>
/// <param name="input">What is piped in; null where a person types, or nothing can come.</param>
internal sealed class Terminal(TextWriter output, TextWriter error, int width, bool live, Stream? input = null) : IDisposable
{
    private const int WidthWhenUnknown = 80;

    internal TextWriter Out => output;

    internal TextWriter Error => error;

    /// <summary>Standard input, where it is a pipe or a file; null at a terminal.</summary>
    internal Stream? Input => input;

    /// <summary>Writes a line to standard error, if it takes one: with it closed there is nowhere left to complain.</summary>
    internal void WriteError(string line)
    {
        try
        {
            error.WriteLine(line);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }

    internal int Width => width;

    internal bool Live => live;

    /// <summary>A console for tables and progress bars; without escape codes unless <see cref="Live"/>.</summary>
    internal IAnsiConsole CreateConsole()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = live ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = live ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = live ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(output),
        });
        console.Profile.Width = width;
        return console;
    }

    internal static Terminal Open()
    {
        // https://no-color.org: set to anything but nothing. A dumb terminal cannot move its cursor.
        var plain = Console.IsOutputRedirected
            || !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"))
            || Environment.GetEnvironmentVariable("TERM") == "dumb";
        var error = new StreamWriter(Console.OpenStandardError(), new UTF8Encoding(false)) { AutoFlush = true };
        return new Terminal(StandardOutput.Open(), error, FindWidth(plain), live: !plain, Console.IsInputRedirected ? Console.OpenStandardInput() : null);
    }

    private static int FindWidth(bool plain)
    {
        if (int.TryParse(Environment.GetEnvironmentVariable("COLUMNS"), out var columns) && columns > 0)
        {
            return columns;
        }
        try
        {
            // Asking for the width makes the runtime write a mode switch to the terminal, an escape sequence.
            return plain || Console.WindowWidth <= 0 ? WidthWhenUnknown : Console.WindowWidth;
        }
        catch (Exception exception) when (exception is IOException or PlatformNotSupportedException)
        {
            return WidthWhenUnknown;
        }
    }

    public void Dispose()
    {
        output.Dispose();
        error.Dispose();
        input?.Dispose();
    }
}
