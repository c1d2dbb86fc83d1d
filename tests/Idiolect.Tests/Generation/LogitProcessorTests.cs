using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tests.Models;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Generation;

/// <summary>Samplers and logit processors of one's own, and what pieces say of tokens.</summary>
public sealed class LogitProcessorTests : IDisposable
{
    private readonly LanguageModel _model = new(
        new Gpt(TinyModels.Config("llama") with { VocabularySize = 257, ContextLength = 20 }, seed: 1), new ByteTokenizer());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Only_tokens_that_a_processor_allows_are_written()
    {
        var options = new GenerationOptions { MaxTokens = 50, Temperature = 2, LogitProcessors = [new Only('x', 'y')] };
        var text = await Text(options);
        Assert.Equal("xy", string.Concat(text.Distinct().Order()));
    }

    [Fact]
    public async Task Processors_come_in_their_order_and_see_the_prompt_the_text_and_whose_it_is()
    {
        var seen = new List<string>();
        var options = new GenerationOptions
        {
            MaxTokens = 2,
            Samples = 2,
            LogitProcessors =
            [
                new Custom((text, logits) =>
                {
                    seen.Add($"{text.Prompt}.{text.Sample} {text.PromptLength} {string.Join(' ', text.Tokens[1..].ToArray())}");
                    Assert.Equal(text.Tokens[text.PromptLength..].ToArray(), text.Written.ToArray());
                    logits.Fill(float.NegativeInfinity);
                    logits['p'] = 0;
                }),
                new Custom((text, logits) =>
                {
                    Assert.Equal(0, logits['p']); // from the processor before
                    logits['q'] = 100;
                }),
            ],
        };
        await Pieces(options, "a", "bc");
        Assert.Equal(["0.0 2 97", "0.1 2 97", "0.0 2 97 113", "0.1 2 97 113", "1.0 3 98 99", "1.1 3 98 99", "1.0 3 98 99 113", "1.1 3 98 99 113"], seen);
    }

    [Fact]
    public async Task A_processor_that_changes_nothing_leaves_every_token_as_it_was()
    {
        var options = new GenerationOptions { MaxTokens = 60, TopK = 50, TopP = 0.9f, RepetitionPenalty = 1.2f, Seed = 7 };
        Assert.Equal(await Text(options), await Text(options with { LogitProcessors = [new Custom((_, _) => { })] }));
    }

    [Fact]
    public async Task The_pipeline_of_the_options_is_the_public_classes()
    {
        var options = new GenerationOptions { MaxTokens = 60, MinP = 0.01f, TopP = 0.9f, RepetitionPenalty = 1.2f, Seed = 7 };
        var built = options with { RepetitionPenalty = 1, LogitProcessors = [new RepetitionPenalty(1.2f)], Sampler = new Sampler(options) };
        Assert.Equal(await Text(options), await Text(built));
    }

    [Fact]
    public async Task A_sampler_of_ones_own_chooses()
    {
        var chosen = new Queue<int>("hello".Select(character => (int)character));
        var options = new GenerationOptions { MaxTokens = 5, Sampler = new Choice((_, _) => chosen.Dequeue()) };
        Assert.Equal("hello", await Text(options));
    }

    [Fact]
    public async Task A_sampler_draws_the_same_numbers_for_the_same_seed()
    {
        var numbers = new List<double>();
        var options = new GenerationOptions { MaxTokens = 20, Seed = 3, Sampler = new Choice((_, random) => { numbers.Add(random); return 'a'; }) };
        await Text(options);
        await Text(options);
        Assert.Equal(numbers.Take(20), numbers.Skip(20));
        Assert.Equal(20, numbers.Distinct().Count());
        Assert.All(numbers, number => Assert.InRange(number, 0, 1));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public async Task A_processor_that_makes_no_number_is_named(float bad)
    {
        var options = new GenerationOptions { LogitProcessors = [new Custom((_, logits) => logits[3] = bad)] };
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => Text(options));
        Assert.Contains($"{nameof(Custom)} made the score of token 3", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_processor_that_forbids_everything_is_named()
    {
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => Text(new GenerationOptions { LogitProcessors = [new Only()] }));
        Assert.Contains($"{nameof(Only)} every token is forbidden", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(257)]
    [InlineData('b')] // forbidden
    public async Task A_sampler_that_chooses_what_it_must_not_is_named(int id)
    {
        var options = new GenerationOptions { LogitProcessors = [new Only('a')], Sampler = new Choice((_, _) => id) };
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => Text(options));
        Assert.Contains($"{nameof(Choice)} chose the token {id}", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_processor_that_is_null_is_refused()
        => Assert.Equal("LogitProcessors", Assert.Throws<ArgumentException>(new GenerationOptions { LogitProcessors = [null!] }.Validate).ParamName);

    [Fact]
    public async Task A_processor_is_not_asked_about_a_text_that_has_ended()
    {
        var asked = new int[2];
        var options = new GenerationOptions
        {
            MaxTokens = 9,
            Samples = 2,
            LogitProcessors =
            [
                new Custom((text, logits) =>
                {
                    asked[text.Sample]++;
                    logits.Fill(float.NegativeInfinity);
                    logits[text.Sample == 0 && text.Written.Length == 3 ? 256 : 'a'] = 0; // the first ends itself with its fourth token
                }),
            ],
        };
        var last = (await Pieces(options, "a")).Where(piece => piece.IsLast);
        Assert.Equal([(0, FinishReason.EndOfText, 4), (1, FinishReason.MaxTokens, 9)], last.Select(piece => (piece.Sample, piece.FinishReason!.Value, piece.TokenCount)));
        Assert.Equal([4, 9], asked);
    }

    public void Dispose() => _model.Dispose();

    private async Task<GeneratedPiece[]> Pieces(GenerationOptions options, params string[] prompts)
        => await _model.GenerateAsync(prompts, options, cancellationToken: Cancel).ToArrayAsync(Cancel);

    private async Task<string> Text(GenerationOptions options) => string.Concat((await Pieces(options, "a")).Select(piece => piece.Text));

    private delegate void Change(TokenSequence text, Span<float> logits);

    private sealed class Custom(Change change) : ILogitProcessor
    {
        public void Process(TokenSequence text, Span<float> logits) => change(text, logits);
    }

    private sealed class Only(params int[] allowed) : ILogitProcessor
    {
        public void Process(TokenSequence text, Span<float> logits)
        {
            for (var id = 0; id < logits.Length; id++)
            {
                logits[id] = allowed.Contains(id) ? logits[id] : float.NegativeInfinity;
            }
        }
    }

    private delegate int Chooser(ReadOnlySpan<float> logits, double random);

    private sealed class Choice(Chooser choose) : ISampler
    {
        public int Sample(TokenSequence text, ReadOnlySpan<float> logits, double random) => choose(logits, random);
    }
}
