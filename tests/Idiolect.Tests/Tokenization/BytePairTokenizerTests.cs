using CsCheck;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

public sealed class BytePairTokenizerTests
{
    private const string Sample = "The theory of the thing: don't think, then that's that. 1234 12345\r\n  aaaa aaaaaaaa \u00e9t\u00e9 \u4e2d\u6587\u4e2d\u6587";

    private static readonly BytePairTokenizer Tokenizer = Train();

    [Fact]
    public void Any_text_survives_except_for_lone_surrogates()
        => NastyText.Gen.Sample(text =>
            Assert.Equal(string.Concat(text.EnumerateRunes()), Tokenizer.Decode(Tokenizer.Encode(text))));

    [Fact]
    public void The_byte_counts_of_the_tokens_add_up_to_the_text()
        => NastyText.Gen.Sample(text =>
            Assert.Equal(System.Text.Encoding.UTF8.GetByteCount(text), Tokenizer.Encode(text).Sum(Tokenizer.GetByteCount)));

    [Fact]
    public void Long_and_short_pieces_are_merged_by_the_same_rules()
        => RulesAndPiece.Sample((rules, piece) =>
        {
            var merger = new BytePairMerger(rules);
            var scanned = piece.ToArray();
            var queued = piece.ToArray();
            Assert.Equal(scanned[..merger.MergeByScanning(scanned)], queued[..merger.MergeByQueues(queued, out _)]);
        }, iter: 5_000);

    [Theory]
    [InlineData('a')]
    [InlineData('t')]
    [InlineData(' ')]
    public void The_work_for_one_long_piece_grows_as_its_length(char character)
    {
        // A megabyte and ten, scaled down: the count is exact, so size shows nothing more.
        var one = Work(character, 100_000);
        var ten = Work(character, 1_000_000);
        Assert.InRange(ten, one, (10.01 * one) + 100);
    }

    [Fact, Trait("Lane", "Full")]
    public void Ten_megabytes_of_one_character_survive()
    {
        var text = new string('a', 10_000_000);
        Assert.True(text == Tokenizer.Decode(Tokenizer.Encode(text)));
    }

    [Fact]
    public void Special_tokens_in_a_text_are_ordinary_unless_allowed()
    {
        const string text = "a<|endoftext|>b";
        var special = Tokenizer.BeginningOfTextId!.Value;
        Assert.DoesNotContain(special, Tokenizer.Encode(text));
        Assert.Equal([.. Tokenizer.Encode("a"), special, .. Tokenizer.Encode("b")], Tokenizer.Encode(text, allowSpecial: true));
    }

    [Fact]
    public void The_longest_of_several_special_tokens_is_taken()
    {
        var tokenizer = new BytePairTrainer(new() { VocabularySize = 259, SpecialTokens = ["<|", "<|a", "|>"] }).Train([""], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal([257, 258, 256], tokenizer.Encode("<|a|><|", allowSpecial: true));
    }

    [Fact]
    public void A_special_token_stands_for_no_bytes() => Assert.Equal(0, Tokenizer.GetByteCount(Tokenizer.BeginningOfTextId!.Value));

    [Fact]
    public void An_id_outside_the_vocabulary_is_an_error()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Decode([Tokenizer.VocabularySize]));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.GetByteCount(-1));
    }

    [Fact]
    public void Threads_that_share_a_tokenizer_agree()
    {
        var texts = NastyText.Gen.Array[200].Single();
        var alone = Train();
        var expected = texts.Select(text => alone.Encode(text)).ToArray();
        Parallel.For(0, 8, _ => Assert.Equal(expected, texts.Select(text => Tokenizer.Encode(text))));
    }

    // Rules in any order, so that a rule may need a token that only a later rule makes.
    private static readonly Gen<(MergeRule[] Rules, int[] Piece)> RulesAndPiece = Gen.Select(
        Gen.Select(Gen.Int[0, 7], Gen.Int[0, 7]).Array[0, 12].Select(pairs => pairs.Distinct()
            .Select((pair, index) => new MergeRule(new(pair.Item1, pair.Item2), 4 + (index * 5 % 12))).ToArray()),
        Gen.Int[0, 3].Array[1, 60]);

    private static BytePairTokenizer Train()
        => new BytePairTrainer(new() { VocabularySize = 320 }).Train(Enumerable.Repeat(Sample, 3), null, CancellationToken.None);

    private static long Work(char character, int length)
    {
        var id = Assert.Single(Tokenizer.Encode(character.ToString()));
        var ids = Enumerable.Repeat(id, length).ToArray();
        Merger.MergeByQueues(ids, out var steps);
        return steps;
    }

    private static readonly BytePairMerger Merger = new(
        [.. Enumerable.Range(0, 8).SelectMany(power => "at ".Select(character => Doubling(character, power)))]);

    // aa, aaaa, aaaaaaaa and so on.
    private static MergeRule Doubling(char character, int power)
    {
        var first = Tokenizer.Encode(character.ToString())[0];
        var left = power == 0 ? first : (1000 * power) + first;
        return new(new(left, left), (1000 * (power + 1)) + first);
    }
}
