using System.Text.RegularExpressions;

namespace Idiolect.Cli.Options;

/// <summary>The flag for each field of a recipe: the library names fields and options, a person at a prompt knows flags.</summary>
internal static partial class FieldFlags
{
    private static readonly Dictionary<string, string> Flags = new()
    {
        ["precision"] = "--precision",
        ["base.model"] = "--base",
        ["model.kind"] = "--model",
        ["model.architecture"] = "--architecture",
        ["model.order"] = "--order",
        ["model.layerCount"] = "--layers",
        ["model.headCount"] = "--heads",
        ["model.keyValueHeadCount"] = "--kv-heads",
        ["model.width"] = "--width",
        ["model.contextLength"] = "--context",
        ["model.dropout"] = "--dropout",
        ["model.normFirst"] = "--norm",
        ["model.labelSmoothing"] = "--label-smoothing",
        ["tokenizer.kind"] = "--tokenizer",
        ["tokenizer.vocabularySize"] = "--vocab",
        ["data.source"] = "--data",
        ["data.validationSource"] = "--val-data",
        ["data.separator"] = "--separator",
        ["data.encoding"] = "--encoding",
        ["data.skipBad"] = "--skip-bad",
        ["data.textField"] = "--field",
        ["data.labelField"] = "--label-field",
        ["data.validationFraction"] = "--val-fraction",
        ["data.from"] = "--from",
        ["data.to"] = "--to",
        ["data.split"] = "--split",
        ["optimizer.kind"] = "--optimizer",
        ["optimizer.steps"] = "--steps",
        ["optimizer.batchSize"] = "--batch",
        ["optimizer.gradientAccumulation"] = "--grad-accumulation",
        ["optimizer.learningRate"] = "--lr",
        ["optimizer.minimumLearningRate"] = "--min-lr",
        ["optimizer.warmupSteps"] = "--warmup",
        ["optimizer.schedule"] = "--schedule",
        ["optimizer.weightDecay"] = "--weight-decay",
        ["optimizer.beta2"] = "--beta2",
        ["optimizer.l1"] = "--l1",
        ["optimizer.l2"] = "--l2",
        ["optimizer.gradientClip"] = "--grad-clip",
        ["optimizer.recompute"] = "--recompute",
        ["optimizer.headOnly"] = "--freeze",
        ["evaluation.every"] = "--eval-every",
        ["evaluation.batches"] = "--eval-batches",
        ["evaluation.earlyStop"] = "--early-stop",
        ["evaluation.checkpointEvery"] = "--checkpoint-every",
        ["evaluation.keepCheckpoints"] = "--keep",
        ["evaluation.baselines"] = "--baselines",
    };

    /// <summary>The flag that sets a field; null where none does.</summary>
    internal static string? Of(string field) => Flags.GetValueOrDefault(field);

    /// <summary>The message with flags in the place of fields.</summary>
    internal static string InFlags(string message) => TaskWord().Replace(
        FieldPath().Replace(message, match => Flags.GetValueOrDefault(match.Value, match.Value)), "--task $1");

    /// <summary>Does something that complains of fields, and complains of flags.</summary>
    /// <exception cref="ArgumentException">The work threw one.</exception>
    /// <exception cref="FileNotFoundException">The work threw one.</exception>
    /// <exception cref="InvalidDataException">The work threw one.</exception>
    internal static T Named<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (ArgumentException exception) when (InFlags(exception.Message) is var message && message != exception.Message)
        {
            throw new ArgumentException(message, exception);
        }
        catch (FileNotFoundException exception)
        {
            throw new FileNotFoundException(InFlags(exception.Message), exception.FileName, exception);
        }
        catch (InvalidDataException exception)
        {
            throw new InvalidDataException(InFlags(exception.Message), exception);
        }
    }

    /// <summary>The flag of one of the trainer's options, by the option's name; null where none sets just that.</summary>
    internal static string? OfOption(string name) => name switch
    {
        "LearningRate" => "--lr",
        "Steps" => "--steps",
        "MinimumLearningRateFraction" => "--min-lr / --lr",
        _ => null,
    };

    [GeneratedRegex(@"\b(base|model|tokenizer|data|optimizer|evaluation)\.[a-zA-Z0-9]+\b")]
    private static partial Regex FieldPath();

    [GeneratedRegex(@"(?<![-\w])task (language-model|translate|classify)\b")]
    private static partial Regex TaskWord();
}
