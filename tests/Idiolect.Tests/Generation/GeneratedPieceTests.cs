using Idiolect.Generation;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tests.Models;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Generation;

/// <summary>What pieces say: whose they are, their tokens, how likely these were, why a text ended.</summary>
public sealed class GeneratedPieceTests : IDisposable
{
    private readonly LanguageModel _model = new(
        new Gpt(TinyModels.Config("llama") with { VocabularySize = 257, ContextLength = 20 }, seed: 1), new ByteTokenizer());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_tokens_of_all_pieces_are_the_text()
    {
        var pieces = await Pieces(new GenerationOptions { MaxTokens = 200, Temperature = 3, Seed = 5 }, "a"); // many bytes that are no character alone
        int[] ids = [.. pieces.SelectMany(piece => piece.TokenIds)];
        Assert.Equal(_model.Tokenizer.Decode([.. ids.Where(id => id < 256)]), string.Concat(pieces.Select(piece => piece.Text)));
        Assert.Contains(pieces, piece => piece.TokenIds.Count > 1);
        Assert.All(pieces.SkipLast(1), piece => Assert.NotEmpty(piece.Text));
        Assert.Equal(pieces.Select(piece => piece.TokenCount), pieces.Select((_, i) => pieces.Take(i + 1).Sum(piece => piece.TokenIds.Count)));
    }

    [Fact]
    public async Task Only_the_last_piece_says_why_a_text_ended()
    {
        var whole = await Pieces(new GenerationOptions { MaxTokens = 100 }, "a");
        Assert.Equal(FinishReason.MaxTokens, whole[^1].FinishReason);
        Assert.All(whole.SkipLast(1), piece => Assert.Null(piece.FinishReason));
        var text = string.Concat(whole.Select(piece => piece.Text));
        var stopped = await Pieces(new GenerationOptions { MaxTokens = 100, StopStrings = [text.Substring(text.Length / 2, 2)] }, "a");
        Assert.Equal(FinishReason.StopString, stopped[^1].FinishReason);
    }

    [Theory]
    [InlineData(0f, 1f)]
    [InlineData(1.5f, 1.3f)] // neither temperature nor penalty changes what the model itself held
    public async Task Log_probabilities_are_the_models_own(float temperature, float penalty)
    {
        var options = new GenerationOptions { MaxTokens = 12, Temperature = temperature, RepetitionPenalty = penalty, TopK = 20, LogProbabilities = true };
        var pieces = await Pieces(options, "abc");
        int[] ids = [.. pieces.SelectMany(piece => piece.TokenIds)];
        Assert.All(pieces, piece => Assert.Equal(piece.TokenIds.Count, piece.LogProbabilities.Count));
        int[] text = [256, .. _model.Tokenizer.Encode("abc"), .. ids];
        using var tape = new Tape(recording: false);
        var logits = _model.Model.Forward(text, 1, new ForwardContext(tape)).ToArray(); // (1, text, 257)
        var expected = ids.Select((id, i) =>
        {
            var row = logits.AsSpan((i + 3) * 257, 257).ToArray();
            return row[id] - Math.Log(row.Sum(logit => Math.Exp(logit)));
        });
        Assert.All(pieces.SelectMany(piece => piece.LogProbabilities).Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-4));
    }

    [Fact]
    public async Task Log_probabilities_come_only_where_asked_for_and_change_no_token()
    {
        var plain = await Pieces(new GenerationOptions { MaxTokens = 30 }, "a");
        Assert.All(plain, piece => Assert.Empty(piece.LogProbabilities));
        var asked = await Pieces(new GenerationOptions { MaxTokens = 30, LogProbabilities = true }, "a");
        Assert.Equal(plain.SelectMany(piece => piece.TokenIds), asked.SelectMany(piece => piece.TokenIds));
    }

    [Fact]
    public async Task A_prompts_texts_are_the_same_alone_and_beside_others()
    {
        string[] prompts = ["a", "a much longer prompt than the context", "", "a"];
        var options = new GenerationOptions { MaxTokens = 40, Samples = 2, RepetitionPenalty = 1.1f };
        var together = await Pieces(options, prompts);
        for (var prompt = 0; prompt < prompts.Length; prompt++)
        {
            var alone = await Pieces(options, prompts[prompt]);
            for (var sample = 0; sample < 2; sample++)
            {
                Assert.Equal(Ids(alone, 0, sample), Ids(together, prompt, sample));
            }
        }

        static IEnumerable<int> Ids(GeneratedPiece[] pieces, int prompt, int sample)
            => pieces.Where(piece => (piece.Prompt, piece.Sample) == (prompt, sample)).SelectMany(piece => piece.TokenIds);
    }

    [Fact]
    public async Task No_prompts_give_no_pieces() => Assert.Empty(await Pieces(new GenerationOptions()));

    [Fact]
    public void What_cannot_be_encoded_is_refused_by_the_call()
    {
        using var model = new LanguageModel(new Gpt(TinyModels.Config("llama")), CharacterTokenizer.Train(["ab"]));
        Assert.Throws<ArgumentException>(() => model.GenerateAsync(["a", "c"], cancellationToken: Cancel));
    }

    [Fact]
    public async Task Statistics_count_all_prompts()
    {
        var statistics = new GenerationStatistics();
        await _model.GenerateAsync(["ab", "c"], new GenerationOptions { MaxTokens = 5, Samples = 2 }, statistics, Cancel).ToArrayAsync(Cancel);
        Assert.Equal((10, 16), (statistics.PromptTokens, statistics.Tokens)); // with the token that begins a text; all but the first of each text
        Assert.True(statistics.PromptSeconds > 0 && statistics.Seconds > 0);
    }

    public void Dispose() => _model.Dispose();

    private async Task<GeneratedPiece[]> Pieces(GenerationOptions options, params string[] prompts)
        => await _model.GenerateAsync(prompts, options, cancellationToken: Cancel).ToArrayAsync(Cancel);
}
