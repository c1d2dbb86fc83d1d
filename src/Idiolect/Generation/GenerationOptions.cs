namespace Idiolect.Generation;

/// <summary>How the next token is chosen, and when to stop.</summary>
public sealed record GenerationOptions
{
    /// <summary>The most tokens to write.</summary>
    public int MaxTokens { get; init; } = 256;

    /// <summary>The most tokens of prompt and text together; null for no such limit.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Divides the scores: below 1 the likely becomes likelier; 0 always takes the likeliest.</summary>
    public float Temperature { get; init; } = 0.8f;

    /// <summary>Only the K likeliest tokens are considered (Fan et al. 2018); 0 for all.</summary>
    public int TopK { get; init; }

    /// <summary>Only the likeliest tokens that together have this probability (Holtzman et al. 2020); 1 for all.</summary>
    public float TopP { get; init; } = 1f;

    /// <summary>Only tokens at least this fraction as likely as the likeliest (Nguyen et al. 2024); 0 for all.</summary>
    public float MinP { get; init; }

    /// <summary>Makes tokens that already stand in the text less likely (Keskar et al. 2019); 1 for no change.</summary>
    public float RepetitionPenalty { get; init; } = 1f;

    /// <summary>
    /// Processors of one's own, in the order in which they change the scores: after the repetition penalty, before the sampler.
    /// </summary>
    public IReadOnlyList<ILogitProcessor> LogitProcessors { get; init; } = [];

    /// <summary>
    /// A sampler of one's own; null for <see cref="Generation.Sampler"/>, which alone heeds temperature, top-k, top-p and min-p.
    /// </summary>
    public ISampler? Sampler { get; init; }

    /// <summary>
    /// Whether <see cref="GeneratedPiece.LogProbabilities"/> are wanted; each costs a walk over the vocabulary.
    /// </summary>
    public bool LogProbabilities { get; init; }

    /// <summary>Ends a text before the first of these strings.</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>The same seed gives the same text.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Texts written at once from each prompt.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>Threads to compute on; 0 for all processors. The text does not depend on them.</summary>
    public int Threads { get; init; }

    /// <summary>Checks the ranges.</summary>
    /// <exception cref="ArgumentException">One is off; the message names it.</exception>
    public void Validate()
    {
        Require(MaxTokens >= 0, nameof(MaxTokens), $"{MaxTokens} must not be negative.");
        Require(MaxLength is null or >= 0, nameof(MaxLength), $"{MaxLength} must not be negative.");
        Require(float.IsFinite(Temperature) && Temperature >= 0f, nameof(Temperature), $"{Temperature} must be 0 or more.");
        Require(TopK >= 0, nameof(TopK), $"{TopK} must not be negative.");
        Require(TopP is > 0f and <= 1f, nameof(TopP), $"{TopP} must be above 0 and at most 1.");
        Require(MinP is >= 0f and < 1f, nameof(MinP), $"{MinP} must be at least 0 and below 1.");
        Require(float.IsFinite(RepetitionPenalty) && RepetitionPenalty > 0f, nameof(RepetitionPenalty), $"{RepetitionPenalty} must be positive.");
        Require(Samples is > 0 and <= 1024, nameof(Samples), $"{Samples} must be between 1 and 1024.");
        Require(Threads >= 0, nameof(Threads), $"{Threads} must not be negative.");
        Require(LogitProcessors.All(processor => processor is not null), nameof(LogitProcessors), "a processor is null.");
        if (StopStrings is null || StopStrings.Any(s => s is null))
        {
            throw new ArgumentNullException(nameof(StopStrings), "A stop string is null.");
        }
        Require(StopStrings.All(s => s.Length > 0), nameof(StopStrings), "an empty stop string would end every text at once.");
    }

    private static void Require(bool holds, string name, string message)
    {
        if (!holds)
        {
            throw new ArgumentException($"{name}: {message}", name);
        }
    }
}
