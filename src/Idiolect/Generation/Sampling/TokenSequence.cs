namespace Idiolect.Generation;

/// <summary>A text that is being written, as a logit processor or a sampler sees it.</summary>
public readonly ref struct TokenSequence
{
    /// <summary>All tokens so far: the prompt's, then those that were written.</summary>
    public required ReadOnlySpan<int> Tokens { get; init; }

    /// <summary>How many of them are the prompt's, the token that begins a text included.</summary>
    public int PromptLength { get; init; }

    /// <summary>Which of the prompts of one call, from 0.</summary>
    public int Prompt { get; init; }

    /// <summary>Which of the texts written from that prompt, from 0.</summary>
    public int Sample { get; init; }

    /// <summary>The tokens behind the prompt's.</summary>
    public ReadOnlySpan<int> Written => Tokens[PromptLength..];
}
