using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

public sealed class CharacterTokenizerTests
{
    [Fact]
    public void Ids_follow_the_order_of_the_code_points()
    {
        var tokenizer = CharacterTokenizer.Train(["ba\n", "\U0001f600\uffe6"]);
        Assert.Equal([0, 1, 2, 3, 4], tokenizer.Encode("\nab\uffe6\U0001f600"));
        Assert.Equal(5, tokenizer.VocabularySize);
    }

    [Fact]
    public void It_has_no_special_token()
    {
        var tokenizer = CharacterTokenizer.Train([Tokenizer.EndOfText]);
        Assert.Null(tokenizer.BeginningOfTextId);
        Assert.Empty(tokenizer.SpecialTokens);
    }

    [Fact]
    public void An_unknown_character_is_named_with_its_place()
    {
        var tokenizer = CharacterTokenizer.Train(["ab"]);
        var error = Assert.Throws<ArgumentException>(() => tokenizer.Encode("ab\U0001f600"));
        Assert.Contains("'\U0001f600' (U+1F600) at position 2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Training_on_nothing_is_an_error()
        => Assert.Throws<ArgumentException>(() => CharacterTokenizer.Train(["", ""]));

    [Fact]
    public void Text_of_known_characters_survives()
    {
        const string text = "Wei\u00df\u0301 \u4e2d\t\U0001f600.";
        var tokenizer = CharacterTokenizer.Train([text]);
        Assert.Equal(text, tokenizer.Decode(tokenizer.Encode(text)));
    }

    [Fact]
    public void A_token_counts_the_bytes_of_its_character()
    {
        var tokenizer = CharacterTokenizer.Train(["a\u00e9\u4e2d\U0001f600"]);
        Assert.Equal([1, 2, 3, 4], Enumerable.Range(0, 4).Select(tokenizer.GetByteCount));
    }
}
