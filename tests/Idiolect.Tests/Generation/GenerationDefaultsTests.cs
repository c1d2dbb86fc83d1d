using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tests.Models;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Generation;

public sealed class GenerationDefaultsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public GenerationDefaultsTests()
    {
        var tokenizer = new ByteTokenizer();
        using var model = new LanguageModel(
            new Gpt(TinyModels.Config("llama") with { VocabularySize = tokenizer.VocabularySize, ContextLength = 64 }, seed: 1), tokenizer);
        model.Save(_folder.Path);
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_field_is_read()
    {
        var defaults = Read(
            """
            {"eos_token_id":[7,9],"max_new_tokens":12,"max_length":99,"do_sample":true,"temperature":0.25,"top_k":3,"top_p":0.5,"min_p":0.125,
             "repetition_penalty":1.5,"stop_strings":["a","b"],"num_return_sequences":2,"bos_token_id":1,"transformers_version":"5.0.0","_from_model_config":true}
            """);
        Assert.Equal([7, 9], defaults.EndOfTextIds!);
        Assert.Equal(["a", "b"], defaults.StopStrings);
        Assert.Empty(defaults.Unsupported);
        var options = defaults.Over(new GenerationOptions { Seed = 5, Threads = 1 });
        Assert.Equal((12, 0.25f, 3, 0.5f), (options.MaxTokens, options.Temperature, options.TopK, options.TopP));
        Assert.Equal((0.125f, 1.5f, 2), (options.MinP, options.RepetitionPenalty, options.Samples));
        Assert.Equal((5UL, 1), (options.Seed, options.Threads));
    }

    [Fact]
    public void What_the_file_lacks_stays_as_it_is()
    {
        var usual = new GenerationOptions { MaxTokens = 3, Temperature = 0.9f, TopK = 4 };
        Assert.Equal(usual, Read("{}").Over(usual));
        File.Delete(_folder[GenerationDefaults.FileName]);
        Assert.Equal(usual, GenerationDefaults.Load(_folder.Path).Over(usual));
    }

    [Theory]
    [InlineData("""{"do_sample":false}""", 0f)]
    [InlineData("""{"do_sample":false,"temperature":0.7}""", 0f)]
    [InlineData("""{"do_sample":true,"temperature":0.7}""", 0.7f)]
    [InlineData("""{"temperature":0.7}""", 0.7f)]
    [InlineData("""{"do_sample":true}""", 0.8f)]
    public void Without_sampling_the_likeliest_token_is_taken(string text, float temperature)
        => Assert.Equal(temperature, Read(text).Over(new GenerationOptions()).Temperature);

    [Theory]
    [InlineData("""{"temperature":-1}""", "temperature")]
    [InlineData("""{"temperature":"hot"}""", "temperature")]
    [InlineData("""{"temperature":1e300}""", "temperature")]
    [InlineData("""{"top_k":-1}""", "top_k")]
    [InlineData("""{"top_k":1.5}""", "top_k")]
    [InlineData("""{"top_p":0}""", "top_p")]
    [InlineData("""{"top_p":1.5}""", "top_p")]
    [InlineData("""{"min_p":1}""", "min_p")]
    [InlineData("""{"repetition_penalty":0}""", "repetition_penalty")]
    [InlineData("""{"max_new_tokens":-1}""", "max_new_tokens")]
    [InlineData("""{"max_length":-1}""", "max_length")]
    [InlineData("""{"num_return_sequences":0}""", "num_return_sequences")]
    [InlineData("""{"eos_token_id":["x"]}""", "eos_token_id")]
    [InlineData("""{"stop_strings":[""]}""", "stop_strings")]
    [InlineData("""{"do_sample":"yes"}""", "do_sample")]
    [InlineData("""[]""", "expected a JSON object")]
    public void A_value_that_makes_no_sense_is_refused_by_name(string text, string field)
    {
        var message = Assert.Throws<InvalidDataException>(() => Read(text)).Message;
        Assert.StartsWith(_folder[GenerationDefaults.FileName], message, StringComparison.Ordinal);
        Assert.Contains(field, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no_repeat_ngram_size", "3", "0")]
    [InlineData("num_beams", "4", "1")]
    [InlineData("typical_p", "0.9", "1.0")]
    [InlineData("suppress_tokens", "[1,2]", "[]")]
    [InlineData("bad_words_ids", "[[1]]", "null")]
    [InlineData("guidance_scale", "1.5", "1")]
    [InlineData("min_new_tokens", "4", "0")]
    [InlineData("forced_eos_token_id", "2", "null")]
    [InlineData("watermarking_config", "{\"bias\":2}", "{}")]
    [InlineData("a_later_field", "7", "null")]
    public void What_would_change_the_text_is_named(string field, string value, string neutral)
    {
        Assert.Equal([field], Read($$"""{"{{field}}":{{value}},"use_cache":true}""").Unsupported);
        Assert.Empty(Read($$"""{"{{field}}":{{neutral}}}""").Unsupported);
    }

    [Theory]
    [InlineData("[300,{0}]")]
    [InlineData("{0}")]
    public void Its_tokens_end_a_text_whatever_the_options(string ids)
    {
        using var before = LanguageModel.Load(_folder.Path);
        var options = new GenerationOptions { MaxTokens = 6, Temperature = 0 };
        var first = Pieces(before, options).SelectMany(piece => piece.TokenIds).First();
        Write($$"""{"eos_token_id":{{ids.Replace("{0}", $"{first}", StringComparison.Ordinal)}}}""");
        using var after = LanguageModel.Load(_folder.Path);
        var last = Pieces(after, options)[^1];
        Assert.Equal((FinishReason.EndOfText, 1, ""), (last.FinishReason, last.TokenCount, last.Text));
    }

    [Fact]
    public void They_hold_where_no_options_are_given()
    {
        Write("""{"max_new_tokens":5,"do_sample":false,"num_return_sequences":2}""");
        using var model = LanguageModel.Load(_folder.Path);
        var pieces = Pieces(model, null);
        Assert.Equal([5, 5], pieces.Where(piece => piece.IsLast).Select(piece => piece.TokenCount));
        Assert.Equal(Text(pieces, 0), Text(pieces, 1)); // greedy
    }

    [Fact]
    public void A_length_counts_the_prompt()
    {
        Write("""{"max_length":9}""");
        using var model = LanguageModel.Load(_folder.Path);
        Assert.Equal(9 - 3, Pieces(model, null)[^1].TokenCount); // "ab" behind the token that begins a text
    }

    [Fact]
    public void They_are_saved_with_the_model()
    {
        const string Fields = """{"eos_token_id":[5,6],"temperature":0.5,"a_later_field":[1]}""";
        Write(Fields);
        using var model = LanguageModel.Load(_folder.Path);
        model.Save(_folder["copy"]);
        Assert.Equal(
            Fields, File.ReadAllText(_folder["copy/" + GenerationDefaults.FileName]).ReplaceLineEndings("").Replace(" ", "", StringComparison.Ordinal));
    }

    private static string Text(IReadOnlyList<GeneratedPiece> pieces, int sample)
        => string.Concat(pieces.Where(piece => piece.Sample == sample).Select(piece => piece.Text));

    private static IReadOnlyList<GeneratedPiece> Pieces(LanguageModel model, GenerationOptions? options)
        => [.. model.GenerateAsync(["ab"], options, cancellationToken: TestContext.Current.CancellationToken).ToBlockingEnumerable()];

    private GenerationDefaults Read(string text)
    {
        Write(text);
        return GenerationDefaults.Load(_folder.Path);
    }

    private void Write(string text) => File.WriteAllText(_folder[GenerationDefaults.FileName], text);
}
