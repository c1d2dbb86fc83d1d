using System.Text;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tests.Models;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Generation;

public sealed class LanguageModelTests : IDisposable
{
    private readonly LanguageModel _model;

    public LanguageModelTests()
    {
        var tokenizer = new ByteTokenizer();
        var config = TinyModels.Config("llama") with { VocabularySize = tokenizer.VocabularySize, ContextLength = 20 };
        _model = new LanguageModel(new Gpt(config, seed: 1), tokenizer);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Writing_goes_on_past_the_context_length()
    {
        var pieces = await Pieces(new GenerationOptions { MaxTokens = 70, Seed = 2 });
        Assert.Equal(70, pieces[^1].TokenCount);
    }

    [Fact]
    public async Task A_prompt_longer_than_the_context_is_continued()
        => Assert.NotEmpty(await Text(new GenerationOptions { MaxTokens = 10 }, prompt: new string('x', 100)));

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    public async Task A_sample_is_the_same_text_alone_and_beside_others(int sample)
    {
        var four = await Pieces(new GenerationOptions { MaxTokens = 60, Samples = 4 });
        var more = await Pieces(new GenerationOptions { MaxTokens = 60, Samples = sample + 1 });
        Assert.Equal(
            string.Concat(four.Where(p => p.Sample == sample).Select(p => p.Text)),
            string.Concat(more.Where(p => p.Sample == sample).Select(p => p.Text)));
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_text()
        => Assert.Equal(await Text(new GenerationOptions { Seed = 3 }), await Text(new GenerationOptions { Seed = 3 }));

    [Fact]
    public async Task Another_seed_gives_another_text()
        => Assert.NotEqual(await Text(new GenerationOptions { Seed = 3 }), await Text(new GenerationOptions { Seed = 4 }));

    [Fact]
    public async Task MaxTokens_0_writes_nothing_and_says_why()
    {
        var piece = Assert.Single(await Pieces(new GenerationOptions { MaxTokens = 0 }));
        Assert.Equal(("", 0, FinishReason.MaxTokens), (piece.Text, piece.TokenIds.Count, piece.FinishReason));
    }

    [Fact]
    public async Task Cancellation_ends_the_enumeration()
    {
        using var source = new CancellationTokenSource();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            await foreach (var _ in _model.GenerateAsync("a", new GenerationOptions { MaxTokens = 1_000_000 }, source.Token))
            {
                await source.CancelAsync();
            }
        });
    }

    [Fact]
    public async Task No_piece_holds_half_a_code_point()
    {
        // Random bytes: many begin a code point of UTF-8 that the next token completes or breaks.
        var pieces = await Pieces(new GenerationOptions { MaxTokens = 300, Temperature = 5 });
        Assert.All(pieces, piece => Assert.Equal(piece.Text, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(piece.Text))));
    }

    [Fact]
    public async Task A_text_ends_before_its_stop_string()
    {
        var whole = await Text(new GenerationOptions { MaxTokens = 100 });
        var stop = whole.Substring(whole.Length / 2, 2);
        var stopped = await Text(new GenerationOptions { MaxTokens = 100, StopStrings = [stop] });
        Assert.Equal(whole[..whole.IndexOf(stop, StringComparison.Ordinal)], stopped);
    }

    [Fact]
    public async Task The_end_of_text_token_ends_a_text()
    {
        var end = _model.Tokenizer.BeginningOfTextId!.Value;
        // Makes the end-of-text token the likeliest everywhere: the final gain is 0 but in one column, where its vector is large.
        var head = new float[_model.Model.Parameters["head.weight"].Count];
        _model.Model.Parameters["head.weight"].Assign(head);
        var config = Assert.IsType<GptConfig>(_model.Model.Config);
        var before = await Pieces(new GenerationOptions { MaxTokens = 5, Temperature = 0 });
        Assert.Equal(5, before[^1].TokenCount); // all scores are 0: the smallest id is written
        _model.Model.Parameters["token_embedding.weight"].Assign(
            [.. Enumerable.Repeat(1f, _model.Tokenizer.VocabularySize * config.Width)]);
        foreach (var name in new[] { "attention.output", "feed_forward.down" })
        {
            for (var i = 0; i < config.LayerCount; i++)
            {
                var weight = _model.Model.Parameters[$"layers.{i}.{name}.weight"];
                weight.Assign(new float[weight.Count]);
            }
        }
        head.AsSpan(end * config.Width, config.Width).Fill(1f);
        _model.Model.Parameters["head.weight"].Assign(head);
        var piece = Assert.Single(await Pieces(new GenerationOptions { MaxTokens = 5, Temperature = 0 }));
        Assert.Equal(("", true, FinishReason.EndOfText), (piece.Text, piece.IsLast, piece.FinishReason));
        Assert.Equal([end], piece.TokenIds);
    }

    [Theory]
    [InlineData("tokenizer_config.json", "\"eos_token\": \"<s>\"", "\"eos_token\": \"</s>\"")]
    [InlineData("config.json", "\"eos_token_id\": 256", "\"eos_token_id\": [300, 257]")]
    public async Task A_published_folder_says_with_what_a_text_ends(string file, string ours, string theirs)
    {
        using var folder = new TemporaryFolder();
        var config = TinyModels.Config("llama") with { VocabularySize = 258, BeginningOfTextId = 256 };
        using (var model = new LanguageModel(new Gpt(config), new ByteTokenizer(["<s>", "</s>"])))
        {
            model.Model.Parameters["head.weight"].Assign(new float[258 * config.Width]); // every token is as likely as any other
            model.Save(folder.Path);
        }
        var content = File.ReadAllText(folder[file]);
        Assert.Contains(ours, content, StringComparison.Ordinal);
        File.WriteAllText(folder[file], content.Replace(ours, theirs, StringComparison.Ordinal));
        using var loaded = LanguageModel.Load(folder.Path);
        var text = string.Concat(await loaded.GenerateAsync("a", new GenerationOptions { MaxTokens = 5000, Seed = 3 }, Cancel).ToArrayAsync(Cancel));
        Assert.DoesNotContain("</s>", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_id_that_the_tokenizer_does_not_know_stands_for_nothing()
    {
        var gapped = new ByteTokenizer(new AddedTokenSet([new() { Id = 512, Content = Tokenizer.EndOfText }], Tokenizer.EndOfText, Tokenizer.EndOfText)); // 256 to 511 are no tokens
        using var model = new LanguageModel(
            new Gpt(TinyModels.Config("llama") with { VocabularySize = gapped.VocabularySize }, seed: 1), gapped);
        var pieces = await model.GenerateAsync(["a"], new GenerationOptions { MaxTokens = 40, Temperature = 5 }, cancellationToken: Cancel).ToArrayAsync(Cancel);
        Assert.Equal(40, pieces.Sum(piece => piece.TokenIds.Count));
    }

    [Fact]
    public async Task Texts_written_at_the_same_time_are_the_same_as_one_after_the_other()
    {
        var expected = await Text(new GenerationOptions { MaxTokens = 100 });
        var texts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Text(new GenerationOptions { MaxTokens = 100 }))));
        Assert.All(texts, text => Assert.Equal(expected, text));
    }

    [Fact]
    public void A_tokenizer_with_more_tokens_than_the_model_is_refused()
    {
        using var model = new Gpt(TinyModels.Config("llama"));
        Assert.Throws<InvalidDataException>(() => new LanguageModel(model, new ByteTokenizer()));
    }

    [Theory]
    [InlineData(nameof(GenerationOptions.Temperature))]
    [InlineData(nameof(GenerationOptions.TopP))]
    [InlineData(nameof(GenerationOptions.MinP))]
    [InlineData(nameof(GenerationOptions.StopStrings))]
    public void An_option_out_of_range_is_named(string name)
    {
        var options = name switch
        {
            nameof(GenerationOptions.Temperature) => new GenerationOptions { Temperature = float.NaN },
            nameof(GenerationOptions.TopP) => new GenerationOptions { TopP = 0 },
            nameof(GenerationOptions.MinP) => new GenerationOptions { MinP = 1 },
            _ => new GenerationOptions { StopStrings = [""] },
        };
        Assert.Equal(name, Assert.Throws<ArgumentException>(options.Validate).ParamName);
    }

    [Fact]
    public void What_is_null_is_named()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        Assert.Throws<ArgumentNullException>("prompt", () => _model.GenerateAsync((string)null!, cancellationToken: cancellationToken));
        Assert.Throws<ArgumentNullException>("prompts", () => _model.GenerateAsync((IReadOnlyList<string>)null!, cancellationToken: cancellationToken));
        Assert.Throws<ArgumentNullException>("prompts", () => _model.GenerateAsync(["a", null!], cancellationToken: cancellationToken));
        string[]?[] stops = [["b", null!], null];
        Assert.All(stops, stop => Assert.Throws<ArgumentNullException>(
            nameof(GenerationOptions.StopStrings), () => _model.GenerateAsync("a", new GenerationOptions { StopStrings = stop! }, cancellationToken)));
    }

    public void Dispose() => _model.Dispose();

    private async Task<List<GeneratedPiece>> Pieces(GenerationOptions options, string prompt = "a")
    {
        var pieces = new List<GeneratedPiece>();
        await foreach (var piece in _model.GenerateAsync([prompt], options, cancellationToken: Cancel))
        {
            pieces.Add(piece);
        }
        return pieces;
    }

    private async Task<string> Text(GenerationOptions options, string prompt = "a")
        => string.Concat((await Pieces(options, prompt)).Select(piece => piece.Text));
}
