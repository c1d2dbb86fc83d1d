namespace Idiolect.Tokenization;

/// <summary>The tokens beside a tokenizer's ordinary ones, and what they are for.</summary>
/// <param name="Tokens">The tokens, each with an id of its own.</param>
/// <param name="Beginning">The one that begins a text and separates documents, if any.</param>
/// <param name="End">The one that a model writes when its text is complete, if any.</param>
internal sealed record AddedTokenSet(IReadOnlyList<AddedToken> Tokens, string? Beginning, string? End)
{
    /// <summary>What Hugging Face's libraries put around a text. Kept for them, not applied; null for the usual.</summary>
    internal TokenizerComponent? PostProcessor { get; init; }

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
        return new([.. contents.Select((content, index) => new AddedToken
        {
            Id = (first ?? ordinary.Count) + index,
            Content = content,
            Lstrip = content == Tokenizer.Mask, // takes the place of a word with the space before it, as in RoBERTa's tokenizer
        })], mark, mark);
    }
}
