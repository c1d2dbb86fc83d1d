using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Training;

namespace Idiolect.Cli;

/// <summary>Turns an exception into one line for a person, one object for a program, and an exit code.</summary>
internal static class Failure
{
    /// <summary>The environment variable that adds the stack trace.</summary>
    internal const string DebugVariable = "IDIOLECT_DEBUG";

    private static readonly Dictionary<string, string> Flags = new()
    {
        [nameof(TrainingOptions.LearningRate)] = "--lr",
        [nameof(TrainingOptions.BatchSize)] = "--batch",
        [nameof(TrainingOptions.WarmupSteps)] = "--warmup",
        [nameof(TrainingOptions.MinimumLearningRateFraction)] = "--min-lr / --lr",
        [nameof(TrainingOptions.Beta2)] = "--beta2",
        [nameof(TrainingOptions.WeightDecay)] = "--weight-decay",
        [nameof(TrainingOptions.GradientClip)] = "--grad-clip",
        [nameof(GptConfig.HeadSize)] = "--width / --heads",
        [nameof(GptConfig.Width)] = "--width",
        [nameof(GptConfig.Dropout)] = "--dropout",
        [nameof(GenerationOptions.TopP)] = "--top-p",
        [nameof(GenerationOptions.MinP)] = "--min-p",
        [nameof(GenerationOptions.Samples)] = "--samples",
        [nameof(GenerationOptions.StopStrings)] = "--stop",
    };

    /// <param name="exception">What went wrong.</param>
    /// <param name="terminal">Where it is said.</param>
    /// <param name="json">Whether to a program too.</param>
    /// <param name="verb">What the tool was asked for.</param>
    internal static int Report(Exception exception, Terminal terminal, bool json, string verb = "")
    {
        if (exception is BrokenPipeException)
        {
            return ExitCode.Success;
        }
        if (exception is OperationCanceledException)
        {
            terminal.WriteError("interrupted");
            WriteJson(lines => lines.Write("interrupted", _ => { }), terminal, json);
            return ExitCode.Interrupted;
        }
        Write(Describe(exception, verb), terminal, json);
        if (Environment.GetEnvironmentVariable(DebugVariable) == "1")
        {
            terminal.WriteError(exception.ToString());
        }
        return ExitCode.Error;
    }

    internal static void Write(string message, Terminal terminal, bool json)
    {
        terminal.WriteError($"error: {message}");
        WriteJson(lines => lines.Error(message), terminal, json);
    }

    private static void WriteJson(Action<JsonLines> write, Terminal terminal, bool json)
    {
        if (!json)
        {
            return;
        }
        try
        {
            write(new JsonLines(terminal.Out));
        }
        catch (IOException)
        {
            // Standard output may be what failed; standard error has said so.
        }
    }

    internal static string Describe(Exception exception, string verb = "") => exception switch
    {
        AggregateException { InnerExceptions.Count: 1 } aggregate => Describe(aggregate.InnerExceptions[0], verb),
        TypeInitializationException { InnerException: { } inner } => Describe(inner), // such as an environment variable's value
        ArgumentException argument => OneLine(FieldFlags.InFlags(WithFlag(WithoutParameter(argument)))),
        IOException or InvalidDataException or UnauthorizedAccessException or NotSupportedException or TrainingDivergedException
            => OneLine(Verbs.InVerbs(exception.Message)),
        InsufficientMemoryException => OneLine(exception.Message), // of a training, which knows what it was doing
        OutOfMemoryException => MemoryAdvice.Of(verb),
        _ => $"this is a bug in idiolect {ToolVersion.Text}, please report it: {exception.GetType().Name}: {OneLine(exception.Message)} "
            + $"(set {DebugVariable}=1 for the stack)",
    };

    // The framework appends " (Parameter 'x')": noise beside a message that names the flag.
    private static string WithoutParameter(ArgumentException exception) =>
        exception.ParamName is { Length: > 0 } name
            ? exception.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal)
            : exception.Message;

    // The library names its own property first; a person knows the flag.
    private static string WithFlag(string message)
    {
        var name = message.Split(' ', ':')[0];
        return Flags.TryGetValue(name, out var flag) ? flag + message[name.Length..] : message;
    }

    private static string OneLine(string text) => string.Join(' ', text.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries));
}
