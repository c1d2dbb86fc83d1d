using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

public sealed class NGramTests
{
    private static readonly int[] Pieces = [1, 1, 4, 1];
    private static readonly int[] Text = [.. Enumerable.Range(0, 400).Select(i => (i * i / 7) % 11)];

    [Fact]
    public void The_scores_are_the_logarithms_of_a_distribution_and_the_loss_is_its_cross_entropy()
    {
        using var model = Train(order: 4);
        using var tape = new Tape(recording: false);
        var context = new ForwardContext(tape);
        int[] tokens = [3, 1, 4, 1, 5, 9, 2, 6];
        int[] targets = [1, 4, 1, -1, 9, 2, 6, 12]; // 12 never occurs
        var scores = model.Forward(tokens, 2, context).ToArray(); // (2, 4, 13)
        var nats = 0.0;
        for (var row = 0; row < 8; row++)
        {
            var probabilities = scores.Skip(row * 13).Take(13).Select(score => Math.Exp(score)).ToArray();
            Assert.Equal(1, probabilities.Sum(), 1e-5);
            nats -= targets[row] < 0 ? 0 : Math.Log(probabilities[targets[row]]);
        }
        Assert.Equal(nats / 7, model.Loss(tokens, targets, 2, context).Item(), 1e-5);
    }

    [Fact]
    public void It_predicts_its_own_text_better_with_more_context()
    {
        using var tape = new Tape(recording: false);
        var losses = Enumerable.Range(1, 3).Select(order =>
        {
            using var model = Train(order);
            return model.Loss(Text.AsSpan(0, 399), Text.AsSpan(1, 399), 1, new ForwardContext(tape)).Item();
        }).ToArray();
        Assert.True(losses[0] > losses[1] && losses[1] > losses[2], string.Join(", ", losses));
    }

    [Fact]
    public void A_text_fed_in_pieces_gives_the_same_scores_as_at_once()
    {
        using var model = Train(order: 4);
        using var tape = new Tape(recording: false);
        int[] tokens = [0, 0, 1, 2, 4, 0, 8];
        var atOnce = model.Forward(tokens, 1, new ForwardContext(tape)).ToArray();
        using var memory = ((ILanguageModel)model).CreateMemory(1);
        var context = new ForwardContext(tape) { Memory = memory };
        var fed = new List<float>();
        foreach (var piece in Pieces)
        {
            fed.AddRange(model.Forward(tokens.AsSpan(memory.Length, piece), 1, context).ToArray());
        }
        Assert.Equal(atOnce, fed);
        var last = model.Forward(tokens, 1, new ForwardContext(tape), lastOnly: true).ToArray();
        Assert.Equal(atOnce[(6 * 13)..], last);
    }

    [Theory]
    [InlineData(13)]
    [InlineData(-2)]
    public void Targets_outside_the_vocabulary_are_refused(int target)
    {
        using var model = Train(order: 2);
        using var tape = new Tape(recording: false);
        Assert.Throws<ArgumentException>("targets", () => model.Loss([1, 2], [2, target], 1, new ForwardContext(tape)));
    }

    [Fact]
    public void A_saved_model_is_read_back_the_same()
    {
        using var folder = new TemporaryFolder();
        using var model = Train(order: 4);
        ModelFolder.Save(model, folder["model"]);
        using var loaded = Assert.IsType<NGram>(ModelFolder.Load(folder["model"]));
        Assert.Equal(model.Config, loaded.Config);
        using var tape = new Tape(recording: false);
        int[] tokens = [3, 1, 4, 1, 5, 9, 2, 6];
        Assert.Equal(model.Forward(tokens, 1, new ForwardContext(tape)).ToArray(), loaded.Forward(tokens, 1, new ForwardContext(tape)).ToArray());
    }

    [Theory]
    [InlineData("\"order\": 4", "\"order\": 5", "tensor counts.05 is missing")]
    [InlineData("\"order\": 4", "\"order\": 2000000000", "field order: 2000000000 must lie between 1 and 32")]
    [InlineData("\"vocab_size\": 13", "\"vocab_size\": 0", "field vocab_size: 0 must be positive")]
    [InlineData("\"ngram_count\": ", "\"ngram_count\": 1", "n-grams, config.json says 1")]
    [InlineData("\"ngram_count\": ", "\"ngram_count\": 99999999", "n-grams, config.json says 99999999")] // more than 32 bits hold
    public void A_config_that_does_not_fit_the_counts_is_refused(string right, string wrong, string message)
    {
        using var folder = new TemporaryFolder();
        using var model = Train(order: 4);
        ModelFolder.Save(model, folder["model"]);
        var config = Path.Combine(folder["model"], "config.json");
        var text = File.ReadAllText(config);
        Assert.Contains(right, text, StringComparison.Ordinal);
        File.WriteAllText(config, text.Replace(right, wrong, StringComparison.Ordinal));
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => ModelFolder.Load(folder["model"])).Message, StringComparison.Ordinal);
    }

    private static NGram Train(int order)
        => NGram.Train(Text, vocabularySize: 13, order, beginningOfTextId: 2, TestContext.Current.CancellationToken);
}
