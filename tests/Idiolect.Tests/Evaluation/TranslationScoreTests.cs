using Idiolect.Evaluation;

namespace Idiolect.Tests.Evaluation;

/// <summary>BLEU and chrF against the values that sacreBLEU's README and its tests publish.</summary>
public sealed class TranslationScoreTests
{
    private static readonly string[] Translations = ["The dog bit the man.", "It wasn't surprising.", "The man had just bitten him."];

    private static readonly string[][] References =
    [
        ["The dog bit the man.", "The dog had bit the man."],
        ["It was not unexpected.", "No one was surprised."],
        ["The man bit him first.", "The man had bitten the dog."],
    ];

    [Fact]
    public void The_readme_example_has_its_BLEU() => Assert.Equal(48.530827, Bleu.Score(Translations, References), 1e-6);

    [Fact]
    public void The_readme_example_has_its_chrF2() => Assert.Equal(59.73, ChrF.Score(Translations, References), 0.005);

    [Fact]
    public void Its_first_reference_alone_has_the_counts_that_the_readme_prints()
    {
        // BLEU = 48.53 82.4/50.0/45.5/37.5 (BP = 0.943 ratio = 0.944 hyp_len = 17 ref_len = 18): 14/17, 7/14, 5/11, 3/8.
        var sums = Translations.Zip(References, Bleu.Count).Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)]);
        Assert.Equal([17, 18, 14, 17, 7, 14, 5, 11, 3, 8], sums);
    }

    [Fact]
    public void Orders_without_a_match_are_smoothed_exponentially()
        => Assert.Equal(
            8.493,
            Bleu.Score(
                ["Producția de zahăr primă va fi exprimată în ceea ce privește zahărul alb;"],
                ["producţia de zahăr brut se exprimă în zahăr alb;"]),
            1e-3);

    [Theory]
    [InlineData("this is a cat", "okay thanks")] // no match at all
    [InlineData("", "The dog bit the man.")]
    [InlineData("one two", "one two")] // no translation is as long as four tokens
    public void Without_a_match_or_an_n_gram_BLEU_is_zero(string translation, string reference)
        => Assert.Equal(0, Bleu.Score([translation], [reference]));

    [Theory]
    [InlineData("abcdefg", "hijklmnop", 0)]
    [InlineData("", "reference", 0)]
    [InlineData("a", "a", 100)]
    [InlineData("a b c", "abc", 100)]
    [InlineData("aa", "ab", 25)]
    [InlineData("Niemand hat die Absicht, eine Mauer zu errichten", "Niemand hat die Absicht, eine Mauer zu errichten", 100)]
    public void ChrF_has_the_values_of_sacreBLEUs_tests(string translation, string reference, double expected)
        => Assert.Equal(expected, ChrF.Score([translation], [reference]), 1e-4);

    [Fact]
    public void ChrF_sums_over_the_corpus() => Assert.Equal(50, ChrF.Score(["a", "b"], ["a", "c"]), 1e-4);

    // By hand, for orders 1 and 2: precision (2/5 + 1/1) / 2, recall (2/3 + 1/1) / 2; the pairs of "xyz" meet a reference that has none.
    [Fact]
    public void ChrF_counts_no_n_grams_longer_than_the_reference() => Assert.Equal(80.2752, ChrF.Score(["xyz", "ab"], ["q", "ab"]), 1e-4);

    [Theory]
    [InlineData("Hello, world.", "Hello , world .")]
    [InlineData("1,000.5 isn't 3-4 (or \"5\")!", "1,000.5 isn't 3 - 4 ( or \" 5 \" ) !")]
    [InlineData("&quot;a&quot; &amp;lt; b/c {0}", "\" a \" < b / c { 0 }")]
    [InlineData("well-known", "well-known")]
    public void Tokens_are_those_of_mteval_v13a(string text, string tokens) => Assert.Equal(tokens.Split(' '), Bleu.Tokenize(text));

    [Fact]
    public void As_many_references_as_translations_are_needed()
        => Assert.Throws<ArgumentException>(() => Bleu.Score(Translations, ["one"]));

    [Fact]
    public void A_better_system_is_better_by_more_than_chance_and_an_equal_one_is_not()
    {
        var references = Enumerable.Range(0, 200).Select(i => $"the file number {i} could not be found in folder {i % 7} .").ToArray();
        var worse = references.Select((text, i) => i % 2 == 0 ? text : "the file is not there at all today .").ToArray();

        var better = PairedBootstrap.BleuDifference(references, worse, references);
        Assert.True(better.IsPositive);
        Assert.Equal(100 - Bleu.Score(worse, references), better.Value, 1e-9);
        Assert.InRange(better.Value, better.Low, better.High);

        var equal = PairedBootstrap.BleuDifference(worse, worse, references);
        Assert.Equal(new ConfidenceInterval(0, 0, 0), equal);
        Assert.False(equal.IsPositive);

        var alone = PairedBootstrap.Bleu(worse, references);
        Assert.True(alone.Low < alone.Value && alone.Value < alone.High);
        Assert.Equal(alone, PairedBootstrap.Bleu(worse, references));
    }

    [Fact]
    public void The_nearest_sentence_is_the_one_that_shares_rare_pieces()
    {
        var nearest = new NearestSentence(
        [
            new("The file could not be found.", "Die Datei wurde nicht gefunden.", "de", ""),
            new("The file could not be opened.", "Die Datei konnte nicht geöffnet werden.", "de", ""),
            new("The file could not be opened.", "Le fichier n'a pas pu être ouvert.", "fr", ""),
            new("The project is restored.", "Das Projekt wird wiederhergestellt.", "de", ""),
        ]);
        Assert.Equal("Die Datei konnte nicht geöffnet werden.", nearest.Translate("A folder could not be opened", "de"));
        Assert.Equal("Le fichier n'a pas pu être ouvert.", nearest.Translate("The file was found.", "fr"));
        Assert.Equal("Das Projekt wird wiederhergestellt.", nearest.Translate("projects", "de"));
        Assert.Equal("", nearest.Translate("xyz", "de"));
    }
}
