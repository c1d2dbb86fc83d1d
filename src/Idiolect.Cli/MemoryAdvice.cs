namespace Idiolect.Cli;

/// <summary>What to do where memory does not suffice: with the flags of the verb, and for what it was doing.</summary>
internal static class MemoryAdvice
{
    /// <summary>Of a verb that is no training.</summary>
    internal static string Of(string verb) => "not enough memory" + verb switch
    {
        "generate" => ": choose a smaller --samples or --max-tokens",
        "translate" => ": choose a smaller --beams, or translate fewer sentences at a time",
        "classify" or "embed" => ": give fewer texts at a time",
        "fill" => ": choose a smaller --top-k",
        "eval" => ": give a shorter text with --data",
        "bench train" => ": choose a smaller --batch, --context, --width or --layers",
        "tokenizer train" => ": give less text with --data, or choose a smaller --vocab",
        _ => "",
    };

    /// <summary>Of a training.</summary>
    /// <param name="verb">train or tune.</param>
    /// <param name="phase">What it was doing before or after its steps, in words; null in its steps.</param>
    internal static string OfTraining(string verb, string? phase) => phase is null
        ? $"not enough memory for a step: choose a smaller --batch{(verb == "tune" ? "" : ", --context, --width or --layers")}"
        : phase.StartsWith("measuring", StringComparison.Ordinal) ? $"not enough memory while {phase}: the run is trained and saved all the same"
        : $"not enough memory while {phase}: give less text with --data";
}
