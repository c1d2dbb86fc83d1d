namespace Idiolect.Tokenization;

/// <summary>Korean syllables decompose and compose by arithmetic (The Unicode Standard, 3.12).</summary>
internal static class Hangul
{
    private const int FirstSyllable = 0xac00, FirstLead = 0x1100, FirstVowel = 0x1161, BeforeTails = 0x11a7;
    private const int Leads = 19, Vowels = 21, Tails = 28;

    /// <summary>The letters that compose with what stands before them.</summary>
    internal static IEnumerable<int> JamoThatFollow => [.. Enumerable.Range(FirstVowel, Vowels), .. Enumerable.Range(BeforeTails + 1, Tails - 1)];

    /// <summary>Adds the letters of a syllable.</summary>
    /// <returns>Whether the character is one.</returns>
    internal static bool TryDecompose(int character, List<int> output)
    {
        var index = character - FirstSyllable;
        if (index is < 0 or >= Leads * Vowels * Tails)
        {
            return false;
        }
        output.Add(FirstLead + (index / (Vowels * Tails)));
        output.Add(FirstVowel + (index / Tails % Vowels));
        if (index % Tails != 0)
        {
            output.Add(BeforeTails + (index % Tails));
        }
        return true;
    }

    /// <summary>The syllable of two characters, or -1.</summary>
    internal static int Compose(int first, int second)
    {
        if (first is >= FirstLead and < FirstLead + Leads && second is >= FirstVowel and < FirstVowel + Vowels)
        {
            return FirstSyllable + ((((first - FirstLead) * Vowels) + second - FirstVowel) * Tails);
        }
        var index = first - FirstSyllable;
        return index is >= 0 and < Leads * Vowels * Tails && index % Tails == 0 && second is > BeforeTails and < BeforeTails + Tails
            ? first + second - BeforeTails
            : -1;
    }
}
