using CsCheck;

namespace Idiolect.Tests.Tokenization;

/// <summary>Texts on which tokenizers differ: runs of white space, contractions, digits of many scripts, broken surrogates.</summary>
internal static class NastyText
{
    private static readonly string[] Fragments =
    [
        " ", "  ", "   ", "\t", "\n", "\r\n", "\r", "\n\n", " \n ", "\u00a0", "\u3000", "\u2028", "\u0085", "\u200b", "\ufeff", "\v",
        "'", "'s", "'S", "'ll", "'LL", "'lL", "'re", "'Ve", "'\u017f", "\u2019s", "''s", "'t", "'d", "'M", "'l", "'r", "'v",
        "a", "don", "Hello", "z\u0301", "\u0301", "\u0308\u0308", "\u00e9", "\u00df", "\u01c5", "\u02b0", "\u05d0", "\u0915\u094d\u0937", "\u4e2d\u6587",
        "1", "12", "1234567", "\u0663\u0664", "\u00bd", "\u2167", "\u0967", "\u2460", "0x1F", "3.14",
        "\U0001f600", "\U0001f469\u200d\U0001f4bb", "\U0001f1eb\U0001f1f7", "\U00010400", "\U0001d400", "\U0001d7d8", "\U00020000", "\U000e0041",
        "\ud800", "\udc00", "\ud83d", "\udbff", "\ufffd", "\uffff", "\0", "\u0001", "\u007f", "\ue000",
        ".", "...", "!?", "_", "$", "+=", "--", "<|endoftext|>", "<|endof", "\u3002", "\u00ab", "\u00b7",
    ];

    internal static readonly Gen<string> Gen = CsCheck.Gen.OneOf(
        CsCheck.Gen.OneOf(Fragments).Array[0, 24].Select(string.Concat),
        CsCheck.Gen.Char.Array[0, 24].Select(characters => new string(characters)),
        CsCheck.Gen.Select(CsCheck.Gen.OneOf(Fragments), CsCheck.Gen.Int[1, 200]).Array[0, 3]
            .Select(runs => string.Concat(runs.SelectMany(run => Enumerable.Repeat(run.Item1, run.Item2)))));
}
