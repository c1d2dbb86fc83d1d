using System.Text;
using CsCheck;
using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Models;

namespace Idiolect.Tests.Evaluation;

public sealed class BaselineTests
{
    [Fact]
    public void The_probabilities_of_all_bytes_sum_to_one()
        => Gen.Select(Gen.Int[97, 102].Array[0, 300], Gen.Int[1, 6], Gen.Int[96, 103].Array[0, 8]).Sample((text, order, before) =>
        {
            var model = new KneserNeyModel<byte>(order, 256, ToBytes(text));
            var history = ToBytes(before);
            var probabilities = Enumerable.Range(0, 256).Select(symbol => model.Probability(history, (byte)symbol)).ToArray();

            Assert.All(probabilities, probability => Assert.InRange(probability, double.Epsilon, 1.0));
            Assert.Equal(1.0, probabilities.Sum(), 1e-9);
        });

    [Fact]
    public void Continuation_counts_rank_a_byte_by_the_contexts_that_it_follows()
    {
        // The example of the method: z is frequent but follows only q; b and c, less frequent, follow several bytes.
        var model = new KneserNeyModel<byte>(2, 256, Encoding.ASCII.GetBytes("qzqzqzqzqzqzqzqzabxbybdbacxcycdc"));

        Assert.True(model.Probability("#"u8, (byte)'b') > model.Probability("#"u8, (byte)'z'));
        Assert.True(model.Probability("q"u8, (byte)'z') > 0.5);
    }

    [Fact]
    public void A_two_gram_has_the_probabilities_of_the_formula()
    {
        // "aab": the only counts are aa 1, ab 1 (order 2), and of different bytes in front: a 2 (start excluded: the first a), b 1.
        // Order 1 counts: the first byte a (a new 1-gram), then aa and ab are new 2-grams: a 2, b 1. n1 = 1, n2 = 1, n3 = 0:
        // Y = 1/3; D1 = 1 - 2 * 1/3 * 1 = 1/3; D2 = 2 - 0 = 2.
        // p(a) = (2 - 2 + (1/3 + 2) / 256) / 3, p(b) = (1 - 1/3 + (7/3) / 256) / 3.
        // Order 2: n1 = 2, n2 = 0: Y = 1, D1 = 1: all mass goes to order 1.
        var model = new KneserNeyModel<byte>(2, 256, "aab"u8);

        Assert.Equal((2.0 / 3 + (7.0 / 3 / 256)) / 3, model.Probability("a"u8, (byte)'b'), 1e-12);
        Assert.Equal(7.0 / 3 / 256 / 3, model.Probability("a"u8, (byte)'a'), 1e-12);
    }

    [Fact]
    public void A_word_that_naive_bayes_never_saw_says_nothing()
    {
        var bayes = new NaiveBayes([("apple apple apple apple apple apple apple apple", 0), ("saw", 1)], labels: 2);

        Assert.Equal(0, bayes.Classify("an apple from the village in the valley"));
    }

    [Fact]
    public void A_repeated_text_is_predicted_and_noise_is_not()
    {
        var line = "The method returns a value that indicates whether it succeeded.\n";
        var noise = new string([.. Enumerable.Range(0, 400).Select(i => (char)(33 + (i * 7919 % 89)))]);
        Document[] training = [.. Enumerable.Range(0, 50).Select(i => new Document($"{i}", line))];

        var repeated = Measure(new Corpus("x", training, [new Document("v", line)]));
        var random = Measure(new Corpus("x", training, [new Document("v", noise)]));

        Assert.InRange(repeated.BitsPerByte!.Value, 0.0, 0.5);
        Assert.InRange(random.BitsPerByte!.Value, 6.0, 20.0);
        Assert.Equal(line.Length, repeated.Bytes);
    }

    [Fact]
    public void An_empty_side_is_not_measured()
        => Assert.Equal(
            (null, "not measured: a side of the corpus is empty"),
            Outcome(Measure(new Corpus("x", [new Document("a", "text")], []))));

    [Fact]
    public async Task A_missing_program_is_not_measured()
        => Assert.Equal(
            (null, "not measured: xz is not installed"),
            Outcome(await XzBaseline.MeasureAsync(Example(), "no-such-program", TestContext.Current.CancellationToken)));

    [Fact]
    public async Task A_failing_program_is_not_measured()
    {
        Assert.SkipUnless(File.Exists("/bin/false"), "needs /bin/false");
        var result = await XzBaseline.MeasureAsync(Example(), "/bin/false", TestContext.Current.CancellationToken);

        Assert.Null(result.BitsPerByte);
        Assert.StartsWith("not measured: ", result.Note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Xz_copies_validation_text_from_the_training_text()
    {
        var result = await XzBaseline.MeasureAsync(Example(), cancellationToken: TestContext.Current.CancellationToken);
        Assert.SkipWhen(result.Note == "not measured: xz is not installed", result.Note ?? "");

        Assert.InRange(result.BitsPerByte!.Value, 0.0, 0.1);
    }

    private static BaselineResult Measure(Corpus corpus)
        => NGramBaseline.Measure(corpus, cancellationToken: TestContext.Current.CancellationToken);

    private static byte[] ToBytes(int[] values) => [.. values.Select(value => (byte)value)];

    private static (double?, string?) Outcome(BaselineResult result) => (result.BitsPerByte, result.Note);

    /// <summary>A text without repetition, and the same again.</summary>
    private static Corpus Example()
    {
        var random = new Random(1);
        var text = new string([.. Enumerable.Range(0, 20_000).Select(_ => (char)random.Next('a', 'z'))]);
        return new Corpus("x", [new Document("a", text)], [new Document("b", text)]);
    }
}
