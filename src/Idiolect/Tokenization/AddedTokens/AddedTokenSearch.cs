using System.Buffers;
using System.Collections.Frozen;

namespace Idiolect.Tokenization;

/// <summary>
/// Finds added tokens in texts as Hugging Face's library does: the first place, of those that begin there the longest, and then on behind it.
/// </summary>
internal sealed class AddedTokenSearch
{
    private readonly FrozenDictionary<char, (string Pattern, AddedToken Token)[]> _longestFirst; // by their first character
    private readonly SearchValues<string> _patterns;

    /// <param name="tokens">The tokens, and as what each is written in the texts.</param>
    internal AddedTokenSearch(IEnumerable<(string Pattern, AddedToken Token)> tokens)
    {
        var list = tokens.Where(entry => entry.Pattern.Length > 0).DistinctBy(entry => entry.Pattern).ToArray();
        _longestFirst = list.GroupBy(entry => entry.Pattern[0])
            .ToFrozenDictionary(group => group.Key, group => group.OrderByDescending(entry => entry.Pattern.Length).ToArray());
        _patterns = SearchValues.Create([.. list.Select(entry => entry.Pattern)], StringComparison.Ordinal);
    }

    /// <summary>The first of the tokens in a text, or null.</summary>
    /// <param name="text">The text.</param>
    /// <param name="index">Where it begins.</param>
    /// <param name="length">The length of what it is written as.</param>
    internal AddedToken? FirstIn(ReadOnlySpan<char> text, out int index, out int length)
    {
        index = _longestFirst.Count == 0 ? -1 : text.IndexOfAny(_patterns);
        if (index >= 0)
        {
            foreach (var (pattern, token) in _longestFirst[text[index]])
            {
                if (text[index..].StartsWith(pattern, StringComparison.Ordinal))
                {
                    length = pattern.Length;
                    return token;
                }
            }
        }
        length = 0;
        return null;
    }
}
