using System.Collections.Frozen;

namespace Idiolect.Tokenization;

/// <summary>
/// GPT-2's way to write bytes as printable characters: those that Latin-1 prints stand for themselves, the other 68
/// become U+0100 and following. A space is therefore written as "Ġ".
/// </summary>
internal static class ByteLevelAlphabet
{
    /// <summary>The bytes in the order of their characters, which is the order of GPT-2's first 256 token ids.</summary>
    internal static readonly byte[] BytesInOrder =
        [.. AllBytes().Where(IsPrintable), .. AllBytes().Where(value => !IsPrintable(value))];

    private static readonly char[] Characters = MakeCharacters();

    private static readonly FrozenDictionary<char, byte> Bytes =
        Enumerable.Range(0, 256).ToFrozenDictionary(value => Characters[value], value => (byte)value);

    /// <summary>Writes bytes as characters, one each.</summary>
    internal static string Write(ReadOnlySpan<byte> bytes)
        => string.Create(bytes.Length, bytes, static (characters, bytes) =>
        {
            for (var i = 0; i < bytes.Length; i++)
            {
                characters[i] = Characters[bytes[i]];
            }
        });

    /// <summary>Reads bytes back, or null where a character stands for none.</summary>
    internal static byte[]? TryRead(string text)
    {
        var bytes = new byte[text.Length];
        for (var i = 0; i < bytes.Length; i++)
        {
            if (!Bytes.TryGetValue(text[i], out bytes[i]))
            {
                return null;
            }
        }
        return bytes;
    }

    private static IEnumerable<byte> AllBytes() => Enumerable.Range(0, 256).Select(value => (byte)value);

    private static bool IsPrintable(byte value) => value is >= (byte)'!' and <= (byte)'~' or >= 0xa1 and not 0xad;

    private static char[] MakeCharacters()
    {
        var characters = new char[256];
        var replacement = '\u0100';
        for (var value = 0; value < 256; value++)
        {
            characters[value] = IsPrintable((byte)value) ? (char)value : replacement++;
        }
        return characters;
    }
}
