namespace Idiolect.Generation;

/// <summary>Why a text ended.</summary>
public enum FinishReason
{
    /// <summary>The model wrote a token that ends a text.</summary>
    EndOfText,

    /// <summary>One of <see cref="GenerationOptions.StopStrings"/> appeared; the text ends before it.</summary>
    StopString,

    /// <summary><see cref="GenerationOptions.MaxTokens"/> were written.</summary>
    MaxTokens,
}
