namespace Idiolect.Generation;

/// <summary>How long generations took; added to while they run.</summary>
public sealed class GenerationStatistics
{
    /// <summary>Tokens of the prompts, in all samples.</summary>
    public int PromptTokens { get; internal set; }

    /// <summary>Seconds until the prompts were read and their first tokens chosen.</summary>
    public double PromptSeconds { get; internal set; }

    /// <summary>Tokens written after the first of each text.</summary>
    public int Tokens { get; internal set; }

    /// <summary>Seconds that writing those took.</summary>
    public double Seconds { get; internal set; }

    /// <summary>Prompt tokens read in a second.</summary>
    public double PromptTokensPerSecond => PromptSeconds > 0 ? PromptTokens / PromptSeconds : 0;

    /// <summary>Tokens written in a second, all samples together.</summary>
    public double TokensPerSecond => Seconds > 0 ? Tokens / Seconds : 0;
}
