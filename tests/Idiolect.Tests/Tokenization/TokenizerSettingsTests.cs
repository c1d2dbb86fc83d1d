using System.Text.Json.Nodes;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

/// <summary>What stands around a text on its own, and what tokenizer_config.json and special_tokens_map.json have to say.</summary>
public sealed class TokenizerSettingsTests
{
    private const int Begin = 256, End = 257;
    private const string Ours = """{"tokenizer_class":"PreTrainedTokenizerFast","bos_token":"<s>","eos_token":"</s>","clean_up_tokenization_spaces":false}""";

    [Theory]
    [InlineData("""{}""", null, "x")] // no template, no word of the configuration: nothing
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>"}""", null, "x")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>"}""", "bos", "<s> x")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>"}""", "both", "<s> x </s>")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>","add_bos_token":false}""", null, "x")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>","add_bos_token":false}""", "bos", "x")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>","add_bos_token":false}""", "both", "x </s>")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>","add_bos_token":null,"add_eos_token":null}""", "bos", "<s> x")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>","add_bos_token":true}""", null, "<s> x")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>","add_bos_token":true}""", "bos", "<s> x")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>","add_eos_token":true}""", "bos", "<s> x </s>")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>","add_bos_token":true,"add_eos_token":false}""", "both", "<s> x")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>","tokenizer_class":"LlamaTokenizerFast"}""", null, "<s> x")] // the class's default
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>","tokenizer_class":"LlamaTokenizer","add_bos_token":false}""", null, "x")]
    [InlineData("""{"bos_token":"<s>","eos_token":"</s>","tokenizer_class":"PreTrainedTokenizerFast","model_max_length":8}""", null, "x")]
    [InlineData(Ours, null, "<s> x")] // what we wrote before we wrote post-processors for it
    [InlineData(Ours, "both", "<s> x </s>")]
    public void A_prompt_has_the_tokens_around_it_that_the_files_say(string configuration, string? template, string expected)
    {
        using var folder = Write(configuration, template);
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal(expected, Named(tokenizer.EncodeWithSpecialTokens("x")));
        Assert.Equal("x", Named(tokenizer.Encode("x")));
        using var again = new TemporaryFolder();
        tokenizer.Save(again.Path);
        Assert.Equal(expected, Named(Tokenizer.Load(again.Path).EncodeWithSpecialTokens("x")));
        Assert.Equal(tokenizer.Hash, Tokenizer.Load(again.Path).Hash);
        // Without our configuration, the file says the same to whoever reads it alone.
        File.Delete(again["tokenizer_config.json"]);
        Assert.Equal(expected, Named(Tokenizer.Load(again.Path).EncodeWithSpecialTokens("x")));
    }

    [Fact]
    public void Generation_begins_with_what_the_tokenizer_says()
    {
        using var plain = Write("""{"bos_token":"<s>","add_bos_token":false}""", null);
        using var begun = Write("""{"bos_token":"<s>","add_bos_token":true}""", null);
        Assert.Equal("x", Named(TextGeneration.EncodePrompt("x", Tokenizer.Load(plain.Path))));
        Assert.Equal("<s> x", Named(TextGeneration.EncodePrompt("x", Tokenizer.Load(begun.Path))));
        // From nothing no model can go on.
        Assert.Equal("<s>", Named(TextGeneration.EncodePrompt("", Tokenizer.Load(plain.Path))));
        Assert.Equal("<s>", Named(TextGeneration.EncodePrompt("", Tokenizer.Load(begun.Path))));
    }

    [Theory]
    [InlineData("""{"bos_token":"<s>"}""", "x </s>")]
    [InlineData("""{"bos_token":"<s>","split_special_tokens":false}""", "x </s>")]
    [InlineData("""{"bos_token":"<s>","split_special_tokens":true}""", "x < / s >")]
    [InlineData(Ours, "<s> x < / s >")]
    public void Special_tokens_in_a_prompt_are_read_as_the_files_say(string configuration, string expected)
    {
        using var folder = Write(configuration, null);
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal(expected, Named(TextGeneration.EncodePrompt("x</s>", tokenizer)));
        Assert.DoesNotContain(End, tokenizer.Encode("x</s>")); // text from elsewhere
    }

    [Fact]
    public void A_tokenizer_of_ours_says_in_its_files_that_the_beginning_stands_before_a_prompt()
    {
        using var folder = new TemporaryFolder();
        new ByteTokenizer(["<s>", "</s>"]).Save(folder.Path);
        var processor = JsonNode.Parse(File.ReadAllText(folder["tokenizer.json"]))!["post_processor"]!;
        Assert.Equal("Sequence", processor["type"]!.GetValue<string>());
        var template = processor["processors"]![1]!;
        Assert.Equal(
            """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<s>","type_id":1}},{"Sequence":{"id":"B","type_id":1}}],"special_tokens":{"<s>":{"id":"<s>","ids":[256],"tokens":["<s>"]}}}""",
            template.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }));
        var configuration = JsonNode.Parse(File.ReadAllText(folder["tokenizer_config.json"]))!;
        Assert.True(configuration["add_bos_token"]!.GetValue<bool>());
        Assert.False(configuration["add_eos_token"]!.GetValue<bool>());
        Assert.True(configuration["split_special_tokens"]!.GetValue<bool>());
    }

    [Fact]
    public void A_model_that_reads_both_ways_saves_a_tokenizer_that_closes_a_text()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = new ByteTokenizer([Tokenizer.EndOfText, Tokenizer.Mask]);
        using var model = new MaskedLanguageModel(
            new Bert(new() { VocabularySize = 258, ContextLength = 12, LayerCount = 1, HeadCount = 1, Width = 8, FeedForwardWidth = 8 }, seed: 1), tokenizer);
        model.Save(folder.Path);
        var loaded = Tokenizer.Load(folder.Path);
        Assert.Equal([256, 'x', 256], loaded.EncodeWithSpecialTokens("x"));
        Assert.Equal(EncodeText.Framed([.. tokenizer.Encode("x")], tokenizer, closed: true), EncodeText.Framed([.. loaded.Encode("x")], loaded, closed: true));
        Assert.Equal(tokenizer.Hash, loaded.Hash);
    }

    [Fact]
    public void The_configuration_has_the_last_word_about_options_of_added_tokens()
    {
        using var folder = Write("""{"bos_token":"<s>","added_tokens_decoder":{"257":{"content":"</s>","lstrip":true,"special":false}}}""", null);
        Assert.Equal("x </s> y", Named(Tokenizer.Load(folder.Path).Encode("x  </s>y")));
    }

    [Fact]
    public void Special_tokens_of_the_vocabulary_that_only_the_configuration_names_are_special()
    {
        using var folder = Write("""{"bos_token":"<s>","pad_token":"z","additional_special_tokens":["<none>"]}""", null);
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Contains("z", tokenizer.SpecialTokens.Keys);
        Assert.DoesNotContain("<none>", tokenizer.SpecialTokens.Keys); // no model has a row for it
    }

    [Fact]
    public void The_map_of_special_tokens_counts_where_the_configuration_has_no_options()
    {
        using var folder = Write("""{"bos_token":"<s>","eos_token":"<s>"}""", null);
        folder.Write("special_tokens_map.json", """{"eos_token":{"content":"</s>","lstrip":false}}""");
        Assert.Equal((Begin, End), (Tokenizer.Load(folder.Path).BeginningOfTextId, Tokenizer.Load(folder.Path).EndOfTextId));
        folder.Write("tokenizer_config.json", """{"bos_token":"<s>","eos_token":"<s>","added_tokens_decoder":{}}""");
        Assert.Equal(Begin, Tokenizer.Load(folder.Path).EndOfTextId);
    }

    [Fact]
    public void A_space_before_a_text_is_put_there_where_the_configuration_says_so()
    {
        using var folder = Write("""{"add_prefix_space":true}""", null);
        Assert.Equal([32, 'x'], Tokenizer.Load(folder.Path).Encode("x"));
        Assert.Equal([32, 'x'], Tokenizer.Load(folder.Path).Encode(" x"));
    }

    [Theory]
    [InlineData("""{"add_bos_token":true}""", "add_bos_token")]
    [InlineData("""{"bos_token":"<s>","add_bos_token":"yes"}""", "add_bos_token")]
    [InlineData("""{"bos_token":"<s>","split_special_tokens":1}""", "split_special_tokens")]
    [InlineData("""{"pad_token":5}""", "pad_token")]
    [InlineData("""{"additional_special_tokens":"<s>"}""", "additional_special_tokens")]
    [InlineData("""{"additional_special_tokens":[5]}""", "additional_special_tokens[0]")]
    [InlineData("""{"added_tokens_decoder":[]}""", "added_tokens_decoder")]
    [InlineData("""{"added_tokens_decoder":{"x":{"content":"y"}}}""", "added_tokens_decoder['x']")]
    [InlineData("""{"added_tokens_decoder":{"7":{"content":"<s>"}}}""", "added_tokens_decoder['7']")]
    [InlineData("""{"added_tokens_decoder":{"2000000000":{"content":"<new>"}}}""", "<new>")]
    [InlineData("""[]""", "$")]
    [InlineData("""{"a":1,"a":2}""", "a")]
    public void A_configuration_that_makes_no_sense_is_named(string configuration, string field)
    {
        using var folder = Write(configuration, null);
        var message = Assert.Throws<InvalidDataException>(() => Tokenizer.Load(folder.Path)).Message;
        Assert.Contains(field, message, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("GPT2Tokenizer", "1 2")]
    [InlineData("Qwen2Tokenizer", "1 2")]
    [InlineData("RobertaTokenizer", null)]
    public void A_vocabulary_and_merges_are_read_by_the_rules_of_the_class(string name, string? expected)
    {
        using var folder = new TemporaryFolder();
        var vocabulary = new JsonObject(Enumerable.Range(0, 256).Select(value => KeyValuePair.Create(ByteLevelAlphabet.Write([(byte)value]), (JsonNode?)JsonValue.Create(value))));
        vocabulary["12"] = 256;
        folder.Write("vocab.json", vocabulary.ToJsonString());
        folder.Write("merges.txt", "#version: 0.2\n1 2\n");
        folder.Write("tokenizer_config.json", $$"""{"tokenizer_class":"{{name}}"}""");
        if (expected is null)
        {
            Assert.Contains(name, Assert.Throws<InvalidDataException>(() => Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
            return;
        }
        var isQwen = name.StartsWith("Qwen", StringComparison.Ordinal); // digits on their own, and letters composed
        Assert.Equal(isQwen ? ['1', '2'] : [256], Tokenizer.Load(folder.Path).Encode("12"));
        Assert.Equal(isQwen ? 2 : 3, Tokenizer.Load(folder.Path).Encode("e\u0301").Length);
    }

    private static string Named(IEnumerable<int> ids)
        => string.Join(' ', ids.Select(id => id == Begin ? "<s>" : id == End ? "</s>" : ((char)id).ToString()));

    private static TemporaryFolder Write(string configuration, string? template)
    {
        var folder = new TemporaryFolder();
        new ByteTokenizer(["<s>", "</s>"]).Save(folder.Path);
        var file = JsonNode.Parse(File.ReadAllText(folder["tokenizer.json"]))!;
        const string begin = """{"SpecialToken":{"id":"<s>","type_id":0}}""";
        const string end = """{"SpecialToken":{"id":"</s>","type_id":0}}""";
        const string text = """{"Sequence":{"id":"A","type_id":0}}""";
        var single = template == "bos" ? $"{begin},{text}" : $"{begin},{text},{end}";
        file["post_processor"] = template is null ? null : JsonNode.Parse(
            """{"type":"TemplateProcessing","single":[""" + single
            + """],"pair":[],"special_tokens":{"<s>":{"id":"<s>","ids":[256],"tokens":["<s>"]},"</s>":{"id":"</s>","ids":[257],"tokens":["</s>"]}}}""");
        File.WriteAllText(folder["tokenizer.json"], file.ToJsonString());
        folder.Write("tokenizer_config.json", configuration);
        return folder;
    }
}
