namespace Idiolect.Tokenization;

/// <summary>The tokens beside a tokenizer's ordinary ones, what they are for, and what else is done to a text before its tokens are looked up.</summary>
/// <param name="Tokens">The tokens, each with an id of its own.</param>
/// <param name="Beginning">The one that begins a text and separates documents, if any.</param>
/// <param name="End">The one that a model writes when its text is complete, if any.</param>
internal sealed record AddedTokenSet(IReadOnlyList<AddedToken> Tokens, string? Beginning, string? End)
{
    /// <summary>What stands around a text on its own.</summary>
    internal TextFrame Frame { get; init; } = TextFrame.None;

    /// <summary>What a file says about <see cref="Frame"/>, where it is not how we would write it. Null for the usual.</summary>
    internal TokenizerComponent? PostProcessor { get; init; }

    /// <summary>The frame that <see cref="PostProcessor"/> says; a configuration may have outweighed it.</summary>
    internal TextFrame PostProcessorFrame { get; init; } = TextFrame.None;

    /// <summary>What changes a text first, if anything.</summary>
    internal Normalizer? Normalizer { get; init; }

    /// <summary>Whether special tokens that are written in a prompt are text.</summary>
    internal bool SplitsSpecialTokens { get; init; } = true;

    /// <summary>Special tokens with the ids after the ordinary ones'; the first of them begins and ends a text.</summary>
    /// <param name="contents">The special tokens.</param>
    /// <param name="ordinary">The ordinary tokens as <c>tokenizer.json</c> writes them, where one text cannot be two tokens.</param>
    /// <param name="first">The id of the first special token; null where the ordinary ones have no gaps.</param>
    /// <exception cref="ArgumentException">A special token is empty, there twice, or an ordinary token.</exception>
    internal static AddedTokenSet From(IReadOnlyList<string> contents, IReadOnlyCollection<string> ordinary, int? first = null)
    {
        var taken = new HashSet<string>(ordinary, StringComparer.Ordinal);
        foreach (var content in contents)
        {
            if (string.IsNullOrEmpty(content) || !taken.Add(content))
            {
                throw new ArgumentException(
                    $"'{content}' cannot be a special token: it is empty, there twice, or an ordinary token. Choose a text like <|name|>.", nameof(contents));
            }
        }
        var mark = contents.Count > 0 ? contents[0] : null;
        var firstId = first ?? ordinary.Count;
        return new([.. contents.Select((content, index) => new AddedToken
        {
            Id = firstId + index,
            Content = content,
            Lstrip = content == Tokenizer.Mask, // takes the place of a word with the space before it, as in RoBERTa's tokenizer
        })], mark, mark)
        {
            Frame = mark is null ? TextFrame.None : new([firstId], []),
        };
    }
}
