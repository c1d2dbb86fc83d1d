using System.Buffers;

namespace Idiolect.Tokenization;

/// <summary>Finds added tokens in texts: the first place, and of those that begin there the longest.</summary>
internal sealed class AddedTokenSearch
{
    private readonly AddedToken[] _longestFirst;
    private readonly SearchValues<string> _contents;

    internal AddedTokenSearch(IReadOnlyList<AddedToken> tokens)
    {
        _longestFirst = [.. tokens.OrderByDescending(token => token.Content.Length)];
        _contents = SearchValues.Create([.. tokens.Select(token => token.Content)], StringComparison.Ordinal);
    }

    /// <summary>The first of the tokens in a text, or null.</summary>
    /// <param name="text">The text.</param>
    /// <param name="index">Where it begins.</param>
    internal AddedToken? FirstIn(ReadOnlySpan<char> text, out int index)
    {
        index = _longestFirst.Length == 0 ? -1 : text.IndexOfAny(_contents);
        if (index >= 0)
        {
            foreach (var token in _longestFirst)
            {
                if (text[index..].StartsWith(token.Content, StringComparison.Ordinal))
                {
                    return token;
                }
            }
        }
        return null;
    }
}
