using Idiolect.Cli.Output;

namespace Idiolect.Cli;

/// <summary>Turns an exception into one line for a person, one object for a program, and an exit code.</summary>
internal static class Failure
{
    /// <summary>The environment variable that adds the stack trace.</summary>
    internal const string DebugVariable = "IDIOLECT_DEBUG";

    internal static int Report(Exception exception, Terminal terminal, bool json)
    {
        if (exception is BrokenPipeException)
        {
            return ExitCode.Success;
        }
        if (exception is OperationCanceledException)
        {
            terminal.WriteError("interrupted");
            return ExitCode.Interrupted;
        }
        Write(Describe(exception), terminal, json);
        if (Environment.GetEnvironmentVariable(DebugVariable) == "1")
        {
            terminal.WriteError(exception.ToString());
        }
        return ExitCode.Error;
    }

    internal static void Write(string message, Terminal terminal, bool json)
    {
        terminal.WriteError($"error: {message}");
        if (json)
        {
            try
            {
                new JsonLines(terminal.Out).Error(message);
            }
            catch (IOException)
            {
                // Standard output may be what failed; standard error has said so.
            }
        }
    }

    internal static string Describe(Exception exception) => exception switch
    {
        AggregateException { InnerExceptions.Count: 1 } aggregate => Describe(aggregate.InnerExceptions[0]),
        ArgumentException argument => OneLine(WithoutParameter(argument)),
        IOException or InvalidDataException or UnauthorizedAccessException or NotSupportedException => OneLine(exception.Message),
        OutOfMemoryException => "not enough memory: choose a smaller --batch, --context, --width or --layers",
        _ => $"this is a bug in idiolect {Application.Version}, please report it: {exception.GetType().Name}: {OneLine(exception.Message)} "
            + $"(set {DebugVariable}=1 for the stack)",
    };

    // The framework appends " (Parameter 'x')": noise beside a message that names the flag.
    private static string WithoutParameter(ArgumentException exception) =>
        exception.ParamName is { Length: > 0 } name
            ? exception.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
            : exception.Message;

    private static string OneLine(string text) => string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries));
}
