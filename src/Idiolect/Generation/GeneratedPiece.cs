namespace Idiolect.Generation;

/// <summary>
/// A piece of a text that is being written: whole characters, and the tokens that were written since the piece before. Text that may
/// begin a stop string is held back, so that a token's text may come with a later piece than the token.
/// </summary>
public sealed record GeneratedPiece
{
    /// <summary>Which of the prompts of one call, from 0.</summary>
    public required int Prompt { get; init; }

    /// <summary>Which of the texts written from that prompt, from 0.</summary>
    public required int Sample { get; init; }

    /// <summary>What comes next; never half a character. Empty at most in the last piece.</summary>
    public required string Text { get; init; }

    /// <summary>The tokens since the piece before, the one that ended the text included.</summary>
    public required IReadOnlyList<int> TokenIds { get; init; }

    /// <summary>
    /// For each of <see cref="TokenIds"/> the natural logarithm of the probability that the model gave it: at temperature 1, before penalty, processors
    /// and sampler. Empty unless <see cref="GenerationOptions.LogProbabilities"/> asks for them.
    /// </summary>
    public IReadOnlyList<double> LogProbabilities { get; init; } = [];

    /// <summary>Tokens of this text so far, without the prompt's.</summary>
    public required int TokenCount { get; init; }

    /// <summary>Why the text ends here; null where it goes on.</summary>
    public FinishReason? FinishReason { get; init; }

    /// <summary>Whether the text ends here.</summary>
    public bool IsLast => FinishReason is not null;
}
