using System.Security.Cryptography;

namespace Idiolect.Formats;

/// <summary>
/// The names of files and folders that are not complete yet: <c>.NAME.XXXXXXXX.partial</c> beside NAME, with eight random
/// hexadecimal digits. What carries such a name after a crash is rubbish and is removed by the next writer.
/// </summary>
internal static class PartialName
{
    private const string Suffix = ".partial";
    private const int RandomDigits = 8;

    /// <summary>A fresh partial path beside <paramref name="path"/>, which must be a full path.</summary>
    internal static string For(string path)
        => Path.Combine(
            Path.GetDirectoryName(path)!,
            $".{Path.GetFileName(path)}.{RandomNumberGenerator.GetHexString(RandomDigits, lowercase: true)}{Suffix}");

    /// <summary>True when <paramref name="candidate"/> is a partial name of NAME, or of anything when that is null.</summary>
    internal static bool Matches(string candidate, string? name)
    {
        var file = Path.GetFileName(candidate);
        var tail = RandomDigits + Suffix.Length; // "XXXXXXXX.partial"
        if (file.Length < tail + 3 || file[0] != '.' || !file.EndsWith(Suffix, StringComparison.Ordinal) || file[^(tail + 1)] != '.')
        {
            return false;
        }
        return file.Substring(file.Length - tail, RandomDigits).All(char.IsAsciiHexDigitLower)
            && (name is null || file.AsSpan(1, file.Length - tail - 2).SequenceEqual(name));
    }
}
