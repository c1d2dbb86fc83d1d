using Idiolect.Data;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Data;

/// <summary>Fifteen percent of the tokens, four fifths of them hidden: the same ones for the same key.</summary>
public sealed class TokenMaskingTests
{
    private static readonly ByteTokenizer Bytes = new([Tokenizer.EndOfText, Tokenizer.Mask]);
    private static readonly TokenMasking Masking = new(Bytes);

    [Fact]
    public void Shares_are_those_of_the_paper_and_special_tokens_are_never_masked()
    {
        const int Rows = 400, Time = 101;
        var text = Enumerable.Range(0, Rows * Time).Select(i => i % Time == 0 ? 256 : 97 + (i % 26)).ToArray();
        var (tokens, targets) = (text.ToArray(), new int[text.Length]);
        var count = Masking.Apply(key: 7, tokens, Enumerable.Repeat(Time, Rows).ToArray(), targets);

        Assert.Equal(Rows * 15, count); // exactly 15 of the 100 ordinary tokens of each row
        Assert.Equal(count, targets.Count(target => target >= 0));
        Assert.All(Enumerable.Range(0, Rows), row => Assert.Equal(15, targets.Skip(row * Time).Take(Time).Count(target => target >= 0)));
        Assert.All(Enumerable.Range(0, text.Length), i => Assert.Equal(targets[i] >= 0 ? text[i] : -1, targets[i]));
        Assert.All(Enumerable.Range(0, text.Length).Where(i => targets[i] < 0), i => Assert.Equal(text[i], tokens[i]));
        int[] places = [.. Enumerable.Range(0, text.Length).Where(i => targets[i] >= 0)];
        Assert.InRange(places.Average(i => tokens[i] == Bytes.MaskId ? 1.0 : 0), 0.78, 0.82);
        Assert.InRange(places.Average(i => tokens[i] == text[i] ? 1.0 : 0), 0.085, 0.115);
        Assert.DoesNotContain(256, places.Select(i => tokens[i]));
        Assert.True(places.Select(i => i % Time).Distinct().Count() == Time - 1); // every place has its turn
    }

    [Fact]
    public void The_key_decides_alone_and_padding_is_never_masked()
    {
        var first = Mask(key: 1);
        Assert.Equal(first, Mask(key: 1));
        Assert.NotEqual(first, Mask(key: 2));

        static int[] Mask(ulong key)
        {
            int[] tokens = [.. Enumerable.Range(0, 60).Select(i => i + 40)], targets = new int[60];
            Masking.Apply(key, tokens, [30, 1], targets);
            Assert.Equal(61 + 40 - 31, tokens[30] == Bytes.MaskId ? targets[30] : 70); // the one token of the second row is its gap
            Assert.All(targets.Skip(31), target => Assert.Equal(-1, target));
            return [.. tokens, .. targets];
        }
    }

    [Fact]
    public void A_row_of_special_tokens_has_no_gap()
    {
        int[] tokens = [256, 256, 257], targets = new int[3];
        Assert.Equal(0, Masking.Apply(3, tokens, [3], targets));
        Assert.Equal([-1, -1, -1], targets);
    }

    [Fact]
    public void A_tokenizer_without_a_mask_is_refused()
        => Assert.Contains(Tokenizer.Mask, Assert.Throws<InvalidDataException>(() => new TokenMasking(new ByteTokenizer())).Message, StringComparison.Ordinal);
}
