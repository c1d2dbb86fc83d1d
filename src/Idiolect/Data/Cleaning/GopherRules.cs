using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Idiolect.Data;

/// <summary>
/// The rules of Gopher's data on length and repetition (Rae et al., "Scaling Language Models", 2021, appendix A.1.1 and table A1): made for prose in
/// languages that put spaces between words.
/// </summary>
/// <remarks>
/// Left out are its rules on stop words, symbols, bullets and ellipses. Shares are of the characters of lines, or of words. A word is a run of letters
/// and digits; the mean length of words is not looked at where most are of a script without spaces.
/// </remarks>
internal static class GopherRules
{
    /// <summary>The longest text, in words.</summary>
    internal const int MostWords = 100_000;

    private const int FewestWords = 50;
    private const double ShortestMean = 3;
    private const double LongestMean = 10;
    private const double MostRepeatedPieces = 0.3; // of the number of lines, or paragraphs
    private const double MostRepeatedPieceCharacters = 0.2;

    // Of the characters, by the length of the run in words: of the most frequent run of 2 to 4, of all repeated runs of 5 to 10.
    private static readonly (int Length, double Most)[] MostFrequentRun = [(2, 0.20), (3, 0.18), (4, 0.16)];
    private static readonly (int Length, double Most)[] MostRepeatedRuns = [(5, 0.15), (6, 0.14), (7, 0.13), (8, 0.12), (9, 0.11), (10, 0.10)];

    /// <summary>The first rule that a text breaks, by name and with its figures; null if it breaks none.</summary>
    /// <param name="text">The text, or the beginning of a very long one.</param>
    /// <param name="words">Its words.</param>
    /// <param name="spacelessCount">How many of them are characters of a script without spaces.</param>
    internal static (string Rule, string Figures)? FindBroken(string text, List<Word> words, long spacelessCount)
        => Length(words, spacelessCount) ?? Pieces(text, "lines", "\n") ?? Pieces(text, "paragraphs", "\n\n") ?? Runs(CollectionsMarshal.AsSpan(words));

    private static (string, string)? Length(List<Word> words, long spacelessCount)
    {
        if (words.Count is < FewestWords or > MostWords)
        {
            return words.Count < FewestWords
                ? ("too short", Invariant($"{words.Count} words; {FewestWords} are the least"))
                : ("too long", Invariant($"more than {MostWords} words"));
        }
        var mean = words.Average(word => (double)word.Length);
        return 2 * spacelessCount > words.Count || mean is >= ShortestMean and <= LongestMean
            ? null
            : ("length of words", Invariant($"{mean:0.0} characters on average; from {ShortestMean} to {LongestMean} are usual"));
    }

    /// <summary>Lines, or what stands between blank lines, that stood there before.</summary>
    private static (string, string)? Pieces(string text, string what, string separator)
    {
        var seen = new HashSet<ulong>();
        var (count, repeated, characters, repeatedCharacters) = (0L, 0L, 0L, 0L);
        text = text.Replace("\r\n", "\n", StringComparison.Ordinal);
        foreach (var range in text.AsSpan().Split(separator))
        {
            var piece = text.AsSpan(range).Trim();
            if (piece.IsEmpty)
            {
                continue;
            }
            count++;
            characters += piece.Length;
            if (!seen.Add(XxHash3.HashToUInt64(MemoryMarshal.AsBytes(piece))))
            {
                repeated++;
                repeatedCharacters += piece.Length;
            }
        }
        var (share, shareOfCharacters) = (Share(repeated, count), Share(repeatedCharacters, characters));
        return share > MostRepeatedPieces ? ($"repeated {what}", Invariant($"{share:P0} of them; {MostRepeatedPieces:P0} are the most"))
            : shareOfCharacters > MostRepeatedPieceCharacters
                ? ($"repeated {what}", Invariant($"{shareOfCharacters:P0} of the characters; {MostRepeatedPieceCharacters:P0} are the most"))
            : null;
    }

    private static (string, string)? Runs(ReadOnlySpan<Word> words)
    {
        var total = 0L;
        var hashes = new ulong[words.Length];
        for (var i = 0; i < words.Length; i++)
        {
            total += words[i].Length;
            hashes[i] = words[i].Hash;
        }
        foreach (var (length, most) in MostFrequentRun)
        {
            var share = Share(MostFrequent(words, hashes, length), total);
            if (share > most)
            {
                return ("repeated words", Invariant($"the same {length} words make {share:P0} of the text; {most:P0} is the most"));
            }
        }
        foreach (var (length, most) in MostRepeatedRuns)
        {
            var share = Share(Repeated(words, hashes, length), total);
            if (share > most)
            {
                return ("repeated words", Invariant($"runs of {length} words that stood there before make {share:P0} of the text; {most:P0} is the most"));
            }
        }
        return null;
    }

    /// <summary>The characters of all occurrences of the run that takes most, of those that occur more than once.</summary>
    private static long MostFrequent(ReadOnlySpan<Word> words, ReadOnlySpan<ulong> hashes, int length)
    {
        var counts = new Dictionary<ulong, int>();
        var most = 0L;
        for (var i = 0; i + length <= words.Length; i++)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrAddDefault(counts, WordRuns.Hash(hashes.Slice(i, length)), out _);
            if (++count > 1)
            {
                most = Math.Max(most, count * Characters(words.Slice(i, length)));
            }
        }
        return most;
    }

    /// <summary>The characters of runs that stood there before, none of them counted twice.</summary>
    private static long Repeated(ReadOnlySpan<Word> words, ReadOnlySpan<ulong> hashes, int length)
    {
        var seen = new HashSet<ulong>();
        var characters = 0L;
        for (var i = 0; i + length <= words.Length;)
        {
            if (seen.Add(WordRuns.Hash(hashes.Slice(i, length))))
            {
                i++;
                continue;
            }
            characters += Characters(words.Slice(i, length));
            i += length;
        }
        return characters;
    }

    private static long Characters(ReadOnlySpan<Word> words)
    {
        var characters = 0L;
        foreach (var word in words)
        {
            characters += word.Length;
        }
        return characters;
    }

    private static double Share(long part, long whole) => whole == 0 ? 0 : (double)part / whole;

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture).Replace(" %", "%", StringComparison.Ordinal);
}
