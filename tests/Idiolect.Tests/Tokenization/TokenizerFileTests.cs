using System.Text.Json.Nodes;
using CsCheck;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

public sealed class TokenizerFileTests
{
    private const string Sample = "The theory of the thing: don't think, then that's that. 1234 12345\r\n \u00e9t\u00e9 \u4e2d\u6587 \U0001f600";

    private static readonly string TinyGpt2 =
        Path.Combine(RepositoryFolder.Path, "..", "shared", "models", "tiny-random-gpt2");

    public static TheoryData<string> Kinds => ["gpt2", "gpt4", "char", "byte"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_saved_tokenizer_loads_as_it_was(string kind)
    {
        using var folder = new TemporaryFolder();
        var original = Make(kind);
        original.Save(folder.Path);
        var loaded = Tokenizer.Load(folder.Path);
        Assert.Equal(original.GetType(), loaded.GetType());
        Assert.Equal(original.Encode(Sample, allowSpecial: true), loaded.Encode(Sample, allowSpecial: true));
        Assert.Equal(
            (original.VocabularySize, original.BeginningOfTextId), (loaded.VocabularySize, loaded.BeginningOfTextId));
        Assert.Equal(original.SpecialTokens, loaded.SpecialTokens);
        Assert.Equal((original as BytePairTokenizer)?.PreTokenizer, (loaded as BytePairTokenizer)?.PreTokenizer);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Saving_again_gives_the_same_bytes_and_leaves_nothing_else(string kind)
    {
        using var folder = new TemporaryFolder();
        using var again = new TemporaryFolder();
        Make(kind).Save(folder.Path);
        Tokenizer.Load(folder.Path).Save(again.Path);
        Assert.Equal(Files(folder), Files(again));
        Assert.Equal(["tokenizer.json", "tokenizer_config.json"], Files(again).Select(file => file.Name));
    }

    [Fact]
    public void The_file_has_the_members_that_Hugging_Face_writes()
    {
        using var folder = new TemporaryFolder();
        Make("gpt4").Save(folder.Path);
        var file = JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "tokenizer.json")))!.AsObject();
        Assert.Equal(
            ["version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder", "model"],
            file.Select(member => member.Key));
        Assert.Equal(
            ["type", "dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix", "fuse_unk", "byte_fallback",
                "ignore_merges", "vocab", "merges"],
            file["model"]!.AsObject().Select(member => member.Key));
        Assert.Equal(["type", "pretokenizers"], file["pre_tokenizer"]!.AsObject().Select(member => member.Key));
    }

    [Fact]
    public void Merges_may_be_pairs_of_strings()
    {
        using var folder = new TemporaryFolder();
        Make("gpt2").Save(folder.Path);
        var expected = Tokenizer.Load(folder.Path).Encode(Sample);
        Edit(folder, file => file["model"]!["merges"] = new JsonArray([.. file["model"]!["merges"]!.AsArray()
            .Select(merge => (JsonNode)new JsonArray([.. merge!.GetValue<string>().Split(' ').Select(part => (JsonNode)part)]))]));
        Assert.Equal(expected, Tokenizer.Load(folder.Path).Encode(Sample));
    }

    [Fact]
    public void Merges_are_passed_over_for_whole_pieces_where_the_file_says_so()
    {
        using var folder = new TemporaryFolder();
        Make("gpt2").Save(folder.Path);
        Edit(folder, file =>
        {
            file["model"]!["ignore_merges"] = true;
            file["model"]!["vocab"]!["\u0120zebra"] = 5000; // no merge makes it
        });
        Assert.Equal([5000], Tokenizer.Load(folder.Path).Encode(" zebra"));
    }

    [Fact]
    public void The_folder_of_a_published_model_loads()
    {
        Assert.SkipUnless(Directory.Exists(TinyGpt2), $"{TinyGpt2} is not on this machine.");
        var tokenizer = Tokenizer.Load(TinyGpt2);
        Assert.Equal((1000, 0), (tokenizer.VocabularySize, tokenizer.BeginningOfTextId!.Value));
        Assert.Equal(" the episode", tokenizer.Decode(tokenizer.Encode(" the episode")));
    }

    [Fact]
    public void A_vocabulary_and_merges_file_give_the_same_tokenizer_as_the_tokenizer_file()
    {
        Assert.SkipUnless(Directory.Exists(TinyGpt2), $"{TinyGpt2} is not on this machine.");
        using var folder = new TemporaryFolder();
        foreach (var name in new[] { "vocab.json", "merges.txt" })
        {
            File.Copy(Path.Combine(TinyGpt2, name), Path.Combine(folder.Path, name));
        }
        const string text = "The episode describes them, and it's 1999.<|endoftext|>";
        Assert.Equal(
            Tokenizer.Load(TinyGpt2).Encode(text, allowSpecial: true), Tokenizer.Load(folder.Path).Encode(text, allowSpecial: true));
    }

    [Fact]
    public void A_byte_without_a_token_is_an_error_and_not_dropped()
    {
        Assert.SkipUnless(Directory.Exists(TinyGpt2), $"{TinyGpt2} is not on this machine.");
        var error = Assert.Throws<ArgumentException>(() => Tokenizer.Load(TinyGpt2).Encode("\0"));
        Assert.Contains("no token for the byte 0x00", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_or_an_empty_folder_is_named()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(folder.Path, Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
        var file = Path.Combine(folder.Path, "none.json");
        Assert.Contains(file, Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(file)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "JSON")]
    [InlineData("null", "null")]
    [InlineData("[]", "$")]
    [InlineData("{}", "model")]
    [InlineData("""{"model":{"type":"WordPiece","vocab":{"a":0}}}""", "model.type")]
    [InlineData("""{"model":{"type":"BPE"}}""", "model.vocab")]
    [InlineData("""{"model":{"vocab":{}}}""", "model.vocab")]
    [InlineData("""{"model":{"vocab":[1]}}""", "$.model.vocab")]
    [InlineData("""{"model":{"vocab":{"a":"0"}}}""", "$.model.vocab")]
    [InlineData("""{"model":{"vocab":{"a":99999999999}}}""", "$.model.vocab")]
    [InlineData("""{"model":{"vocab":{"a":2000000000}}}""", "model.vocab 'a'")]
    [InlineData("""{"model":{"vocab":{"a":-1}}}""", "model.vocab 'a'")]
    [InlineData("""{"model":{"vocab":{"a":0,"b":0}}}""", "model.vocab 'b'")]
    [InlineData("""{"model":{"vocab":{"a":0,"a":1}}}""", "$.model.vocab")]
    [InlineData("""{"model":{"vocab":{"ab":0}}}""", "model.vocab 'ab'")]
    [InlineData("""{"model":{"vocab":{"\ud800":0}}}""", "tokenizer.json")]
    [InlineData("""{"model":{"vocab":{"a":0},"merges":["a a"]}}""", "pre_tokenizer")]
    [InlineData("""{"model":{"vocab":{"a":0,"aa":1},"merges":["a a"],"byte_fallback":true}}""", "model.byte_fallback is true")]
    [InlineData("""{"model":{"vocab":{"a":0},"dropout":0.1}}""", "model.dropout")]
    [InlineData("""{"model":{"type":"Unigram","unk_id":0,"vocab":[["<unk>",0.0],["a",-1.5]]}}""", "model.type is 'Unigram'; only BPE is supported")]
    [InlineData("""{"model":{"unk_id":0,"vocab":[["<unk>",0.0],["a",-1.5]],"type":"Unigram"},"added_tokens":7}""", "model.type is 'Unigram'; only BPE is supported")]
    [InlineData("""{"model":{"type":"WordPiece","unk_token":"[UNK]","vocab":{"a":0}}}""", "model.type is 'WordPiece'; only BPE is supported")]
    [InlineData("""{"model":{"type":"WordLevel","vocab":{"a":0},"unk_token":"a"}}""", "model.type is 'WordLevel'; only BPE is supported")]
    [InlineData("""{"model":{"vocab":{"a":0}},"added_tokens":[{"id":0,"content":"b"}]}""", "model.vocab 'a'")]
    [InlineData("""{"model":{"vocab":{"a":0}},"added_tokens":[{"id":1,"content":"a"}]}""", "added_tokens[0]")]
    [InlineData("""{"model":{"vocab":{"a":0}},"added_tokens":[{"id":1,"content":"b"},{"id":1,"content":"c"}]}""", "added_tokens[1]")]
    [InlineData("""{"model":{"vocab":{"a":0}},"added_tokens":[{"id":2147483647,"content":"b"}]}""", "added_tokens 'b'")]
    [InlineData("""{"model":{"vocab":{"a":0}},"added_tokens":[{"content":"b"}]}""", "'id'")]
    [InlineData("""{"model":{"vocab":{"a":0}},"added_tokens":[null]}""", "added_tokens[0]")]
    [InlineData("""{"model":{"vocab":{"a":0}},"added_tokens":[{"id":1,"content":""}]}""", "added_tokens[0]")]
    [InlineData("""{"model":{"vocab":{"a":0}},"pre_tokenizer":{"type":"ByteLevel"}}""", "add_prefix_space")]
    [InlineData("""{"model":{"vocab":{"a":0}},"pre_tokenizer":{"type":"Metaspace"}}""", "pre_tokenizer")]
    [InlineData("""{"model":{"vocab":{"a":0}},"pre_tokenizer":{"type":"Sequence","pretokenizers":[null,null]}}""", "pre_tokenizer")]
    [InlineData("""{"model":{"vocab":{"a":0}},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"a"},"behavior":"Isolated"},null]}}""", "pre_tokenizer")]
    [InlineData("""{"model":{"vocab":{"a":0}},"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\ud800"},"behavior":"Isolated"},{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}]}}""", "pre_tokenizer")]
    [InlineData("""{"model":{"vocab":{"a":0}},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}""", "model.merges")]
    [InlineData("""{"model":{"vocab":{"a":0},"merges":["a b"]},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}""", "model.merges[0]")]
    [InlineData("""{"model":{"vocab":{"a":0},"merges":["a"]},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}""", "model.merges[0]")]
    [InlineData("""{"model":{"vocab":{"a":0},"merges":[["a"]]},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}""", "model.merges[0]")]
    [InlineData("""{"model":{"vocab":{"a":0},"merges":[7]},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}""", "model.merges[0]")]
    [InlineData("""{"model":{"vocab":{"a":0},"merges":{}},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}""", "model.merges")]
    [InlineData("""{"model":{"vocab":{"\u4e2d":0},"merges":[]},"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}""", "model.vocab '\u4e2d'")]
    public void A_damaged_file_is_named_with_the_field(string content, string field)
    {
        using var folder = new TemporaryFolder();
        var path = folder.Write("tokenizer.json", content);
        var message = Assert.Throws<InvalidDataException>(() => Tokenizer.Load(path)).Message;
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains(field, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
        Assert.DoesNotContain("System.", message, StringComparison.Ordinal);
        Assert.DoesNotContain("Idiolect.", message, StringComparison.Ordinal);
    }

    /// <summary>Every field of the format that decides ids or text, with what we do not do: refused by its name and never passed over.</summary>
    [Theory]
    [InlineData("version", "\"2.0\"")]
    [InlineData("truncation", """{"direction":"Right","max_length":2,"strategy":"LongestFirst","stride":0}""")]
    [InlineData("padding", """{"strategy":{"Fixed":8},"direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"!"}""")]
    [InlineData("padding", """{"strategy":"BatchLongest","direction":"Right","pad_to_multiple_of":8,"pad_id":0,"pad_type_id":0,"pad_token":"!"}""")]
    [InlineData("surprise", "true")]
    [InlineData("added_tokens", """[{"id":256,"content":"<m>","special":true,"surprise":1}]""", "added_tokens[0].surprise")]
    [InlineData("normalizer", """{"type":"BertNormalizer","clean_text":true}""", "'BertNormalizer'")]
    [InlineData("normalizer", """{"type":"Strip","strip_left":true,"strip_right":true}""", "'Strip'")]
    [InlineData("normalizer", """{"type":"StripAccents"}""", "'StripAccents'")]
    [InlineData("normalizer", """{"type":"Nmt"}""", "'Nmt'")]
    [InlineData("normalizer", """{"type":"Precompiled","precompiled_charsmap":"AA=="}""", "'Precompiled'")]
    [InlineData("normalizer", """{"type":"ByteLevel"}""", "'ByteLevel'")]
    [InlineData("normalizer", """{"type":null}""")]
    [InlineData("normalizer", """{"type":"NFC","surprise":1}""", "normalizer.surprise")]
    [InlineData("normalizer", """{"type":"Prepend"}""", "normalizer.prepend")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"Regex":"a"},"content":"b"}""", "normalizer.pattern")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"String":""},"content":"b"}""", "normalizer.pattern")]
    [InlineData("normalizer", """{"type":"Replace","pattern":{"String":"a"}}""", "normalizer.content")]
    [InlineData("normalizer", """{"type":"Sequence"}""", "normalizer.normalizers")]
    [InlineData("normalizer", """{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Strip"}]}""", "normalizer.normalizers[1]")]
    [InlineData("normalizer", """{"type":"Sequence","normalizers":[7]}""", "normalizer.normalizers[0]")]
    [InlineData("pre_tokenizer", """{"type":"Metaspace","replacement":"\u2581","add_prefix_space":true}""", "'Metaspace'")]
    [InlineData("pre_tokenizer", """{"type":"Whitespace"}""", "'Whitespace'")]
    [InlineData("pre_tokenizer", """{"type":"BertPreTokenizer"}""", "'BertPreTokenizer'")]
    [InlineData("pre_tokenizer", """{"type":"Digits","individual_digits":true}""", "ByteLevel")]
    [InlineData("pre_tokenizer", """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"behavior":"Isolated"}""", "pre_tokenizer.behavior")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"ByteLevel","add_prefix_space":false},{"type":"Digits","individual_digits":true}]}""", "pre_tokenizer.pretokenizers[0]")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Digits","individual_digits":true},{"type":"ByteLevel","add_prefix_space":true}]}""", "pre_tokenizer.pretokenizers[1].add_prefix_space")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"x+"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false}]}""", "unknown regex")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"String":"x"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false}]}""", "pretokenizers[0].pattern")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}"},"behavior":"Removed","invert":true},{"type":"ByteLevel","add_prefix_space":false}]}""", "behavior")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}"},"behavior":"Removed","invert":false},{"type":"ByteLevel","add_prefix_space":false}]}""", "behavior")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}"},"behavior":"MergedWithNext","invert":false},{"type":"ByteLevel","add_prefix_space":false}]}""", "behavior")]
    [InlineData("post_processor", """{"type":"Surprise"}""", "'Surprise'")]
    [InlineData("post_processor", """{"type":"BertProcessing","sep":["<|endoftext|>",256]}""", "post_processor.cls")]
    [InlineData("post_processor", """{"type":"BertProcessing","sep":["<|endoftext|>",256],"cls":["<none>",5000]}""", "post_processor.cls has id 5000")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"<x>","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{}}""", "<x>")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"B","type_id":0}}],"pair":[],"special_tokens":{}}""", "post_processor.single[0]")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[],"pair":[],"special_tokens":{}}""", "post_processor.single")]
    [InlineData("post_processor", """{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"x","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"x":{"id":"x","ids":[5000],"tokens":["x"]}}}""", "'x' has id 5000")]
    [InlineData("decoder", """{"type":"WordPiece","prefix":"##","cleanup":true}""", "'WordPiece'")]
    [InlineData("decoder", """{"type":"Metaspace"}""", "'Metaspace'")]
    [InlineData("decoder", """{"type":"Fuse"}""")]
    [InlineData("decoder", """{"type":"Sequence","decoders":[{"type":"ByteLevel","add_prefix_space":true},{"type":"Strip","content":" ","start":1,"stop":0}]}""", "'Strip'")]
    [InlineData("model.dropout", "0.1")]
    [InlineData("model.continuing_subword_prefix", "\"##\"")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"")]
    [InlineData("model.surprise", "3")]
    public void What_we_do_not_do_is_refused_by_its_name(string field, string value, string? named = null)
    {
        using var folder = new TemporaryFolder();
        Make("gpt2").Save(folder.Path);
        Edit(folder, file => (field.StartsWith("model.", StringComparison.Ordinal) ? file["model"]! : file)[field[(field.IndexOf('.', StringComparison.Ordinal) + 1)..]] = JsonNode.Parse(value));
        var message = Assert.Throws<InvalidDataException>(() => Tokenizer.Load(folder.Path)).Message;
        Assert.Contains(field, message, StringComparison.Ordinal);
        Assert.Contains(named ?? field, message, StringComparison.Ordinal);
    }

    [Fact]
    public void Byte_fallback_where_bytes_are_missing_is_refused()
    {
        using var folder = new TemporaryFolder();
        Make("gpt2").Save(folder.Path);
        Edit(folder, file =>
        {
            file["model"]!["byte_fallback"] = true;
            file["model"]!["vocab"]!.AsObject().Remove("\u0100");
        });
        Assert.Contains("model.byte_fallback", Assert.Throws<InvalidDataException>(() => Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    /// <summary>What says nothing may be said in every way.</summary>
    [Theory]
    [InlineData("version", null)]
    [InlineData("truncation", null)]
    [InlineData("padding", """{"strategy":"BatchLongest","direction":"Right","pad_to_multiple_of":null,"pad_id":0,"pad_type_id":0,"pad_token":"!"}""")]
    [InlineData("surprise", "null")]
    [InlineData("normalizer", """{"type":"Sequence","normalizers":[]}""")]
    [InlineData("normalizer", """{"type":"Sequence","normalizers":[{"type":"Sequence","normalizers":[]}]}""")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":true,"use_regex":true}]}""")]
    [InlineData("pre_tokenizer", """{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false}""")]
    [InlineData("pre_tokenizer", """{"type":"Sequence","pretokenizers":[{"type":"Sequence","pretokenizers":[]},{"type":"ByteLevel","add_prefix_space":false}]}""")]
    [InlineData("decoder", null)]
    [InlineData("decoder", """{"type":"Sequence","decoders":[{"type":"ByteLevel","add_prefix_space":true},{"type":"Fuse"}]}""")]
    [InlineData("model.dropout", "0")]
    [InlineData("model.continuing_subword_prefix", "\"\"")]
    [InlineData("model.end_of_word_suffix", "\"\"")]
    [InlineData("model.unk_token", "\"!\"")]
    [InlineData("model.byte_fallback", "true")]
    [InlineData("model.fuse_unk", "true")]
    [InlineData("model.ignore_merges", "false")]
    [InlineData("model.type", null)]
    [InlineData("model.surprise", "null")]
    public void What_changes_nothing_is_accepted(string field, string? value)
    {
        using var folder = new TemporaryFolder();
        Make("gpt2").Save(folder.Path);
        var expected = Tokenizer.Load(folder.Path);
        Edit(folder, file =>
        {
            var parent = (field.StartsWith("model.", StringComparison.Ordinal) ? file["model"]! : file).AsObject();
            var name = field[(field.IndexOf('.', StringComparison.Ordinal) + 1)..];
            parent.Remove(name);
            if (value is not null)
            {
                parent[name] = JsonNode.Parse(value);
            }
        });
        var loaded = Tokenizer.Load(folder.Path);
        Assert.Equal(expected.EncodeWithSpecialTokens(Sample), loaded.EncodeWithSpecialTokens(Sample));
        Assert.Equal(Sample, loaded.Decode(loaded.Encode(Sample)));
    }

    [Theory]
    [InlineData("[", "]")]
    [InlineData("""{"type":"Sequence","pretokenizers":[""", "]}")]
    public void Deep_nesting_is_an_error(string open, string close)
    {
        using var folder = new TemporaryFolder();
        var nested = string.Concat(Enumerable.Repeat(open, 100_000)) + string.Concat(Enumerable.Repeat(close, 100_000));
        var path = folder.Write("tokenizer.json", $$"""{"pre_tokenizer":{{nested}}}""");
        Assert.Throws<InvalidDataException>(() => Tokenizer.Load(path));
    }

    [Fact]
    public void A_file_with_any_one_character_changed_loads_or_is_invalid_data()
    {
        using var folder = new TemporaryFolder();
        Make("gpt4").Save(folder.Path);
        var path = Path.Combine(folder.Path, "tokenizer.json");
        var content = File.ReadAllText(path);
        var byteTokens = content.IndexOf("\"vocab\"", StringComparison.Ordinal);
        Gen.Select(Gen.Int[0, byteTokens + 200], Gen.Char["{}[]\",:0-9.ntx\u0120\\ "]).Sample(
            (position, character) =>
            {
                var copy = Path.Combine(folder.Path, $"{Guid.NewGuid():n}.json");
                File.WriteAllText(copy, string.Concat(content.AsSpan(0, position), [character], content.AsSpan(position + 1)));
                var error = Record.Exception(() => Tokenizer.Load(copy));
                Assert.True(error is null or InvalidDataException, error?.ToString());
            }, iter: 300);
    }

    [Theory]
    [InlineData("""{"eos_token":5}""", "eos_token")]
    [InlineData("""{"eos_token":"<unknown>"}""", "eos_token")]
    [InlineData("""{"bos_token":"\ud800"}""", "bos_token")]
    [InlineData("""{"bos_token":{"content":"\ud800"}}""", "bos_token")]
    [InlineData("""{"bos_token":5}""", "bos_token")]
    [InlineData("""{"bos_token":{"text":"x"}}""", "bos_token")]
    [InlineData("""{"bos_token":"<unknown>"}""", "<unknown>")]
    public void A_beginning_that_makes_no_sense_is_named(string configuration, string field)
    {
        using var folder = new TemporaryFolder();
        Make("byte").Save(folder.Path);
        folder.Write("tokenizer_config.json", configuration);
        Assert.Contains(field, Assert.Throws<InvalidDataException>(() => Tokenizer.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_configuration_names_the_token_that_begins_a_text()
    {
        using var folder = new TemporaryFolder();
        new BytePairTrainer(new() { VocabularySize = 258, SpecialTokens = ["<a>", "<b>"] }).Train([""], cancellationToken: TestContext.Current.CancellationToken).Save(folder.Path);
        folder.Write("tokenizer_config.json", """{"bos_token":{"content":"<b>"}}""");
        Assert.Equal(257, Tokenizer.Load(folder.Path).BeginningOfTextId);
    }

    [Fact]
    public void The_token_that_ends_a_text_may_be_another_and_is_kept()
    {
        using var folder = new TemporaryFolder();
        using var again = new TemporaryFolder();
        new ByteTokenizer(["<s>", "</s>"]).Save(folder.Path);
        folder.Write("tokenizer_config.json", """{"bos_token":"<s>","eos_token":"</s>","clean_up_tokenization_spaces":null}""");
        Tokenizer.Load(folder.Path).Save(again.Path);
        var loaded = Tokenizer.Load(again.Path);
        Assert.Equal((256, 257), (loaded.BeginningOfTextId, loaded.EndOfTextId));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void What_begins_a_text_of_ours_also_ends_it(string kind) => Assert.Equal(Make(kind).BeginningOfTextId, Make(kind).EndOfTextId);

    [Fact]
    public void Special_tokens_before_the_ordinary_ones_keep_their_ids_for_Hugging_Face()
    {
        // Its library gives added tokens that model.vocab lacks the ids after the greatest there, whatever their own id says.
        using var folder = new TemporaryFolder();
        Make("gpt2").Save(folder.Path);
        folder.Write("tokenizer_config.json", """{"bos_token":"<s>"}""");
        Edit(folder, file =>
        {
            var vocabulary = file["model"]!["vocab"]!.AsObject();
            var shifted = new JsonObject([KeyValuePair.Create<string, JsonNode?>("<s>", 0),
                .. vocabulary.Select(token => KeyValuePair.Create<string, JsonNode?>(token.Key, token.Value!.GetValue<int>() + 1))]);
            file["model"]!["vocab"] = shifted;
            file["added_tokens"] = JsonNode.Parse("""[{"id":0,"content":"<s>","special":true}]""");
        });
        Tokenizer.Load(folder.Path).Save(folder.Path);
        var saved = Read(folder)["model"]!["vocab"]!.AsObject();
        Assert.Equal(Enumerable.Range(0, saved.Count), saved.Select(token => token.Value!.GetValue<int>()));
        Assert.Equal("<s>", saved.First().Key);
    }

    [Fact]
    public void Special_tokens_beyond_a_gap_keep_their_ids_for_Hugging_Face()
    {
        using var folder = new TemporaryFolder();
        Make("byte").Save(folder.Path);
        Edit(folder, file => file["added_tokens"]![0]!["id"] = 260);
        Tokenizer.Load(folder.Path).Save(folder.Path);
        Assert.Equal(260, Read(folder)["model"]!["vocab"]![Tokenizer.EndOfText]!.GetValue<int>());
    }

    [Fact]
    public void A_tokenizer_of_special_tokens_alone_can_be_saved()
    {
        using var folder = new TemporaryFolder();
        folder.Write("tokenizer.json", """{"added_tokens":[{"id":0,"content":"<s>"}],"model":{"vocab":{"<s>":0}}}""");
        Tokenizer.Load(folder.Path).Save(folder.Path);
        Assert.Equal([0], Tokenizer.Load(folder.Path).Encode("<s>", allowSpecial: true));
    }

    [Fact]
    public void An_added_token_that_is_not_special_is_found_in_every_text_and_counts_as_text()
    {
        var tokenizer = WithThink();
        Assert.Equal([97, 300, 98], tokenizer.Encode("a<think>b"));
        Assert.Equal((7, 0), (tokenizer.GetByteCount(300), tokenizer.GetByteCount(256)));
        Assert.DoesNotContain("<think>", tokenizer.SpecialTokens.Keys);
    }

    [Fact]
    public void A_special_token_in_a_text_is_text_beside_an_added_token_that_is_not()
        => Assert.Equal([.. Tokenizer.EndOfText.Select(character => (int)character), 300], WithThink().Encode(Tokenizer.EndOfText + "<think>"));

    [Fact]
    public void Options_of_added_tokens_and_the_post_processor_of_a_published_file_are_kept()
    {
        const string added = """{"id":256,"content":"think","single_word":true,"lstrip":true,"rstrip":true,"normalized":true,"special":false}""";
        const string processor = """{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{}}""";
        using var folder = new TemporaryFolder();
        new ByteTokenizer([]).Save(folder.Path);
        Edit(folder, file =>
        {
            file["added_tokens"] = new JsonArray(JsonNode.Parse(added));
            file["post_processor"] = JsonNode.Parse(processor);
        });
        Tokenizer.Load(folder.Path).Save(folder.Path);
        Assert.Equal((added, processor), (Read(folder)["added_tokens"]![0]!.ToJsonString(), Read(folder)["post_processor"]!.ToJsonString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")]
    [InlineData("<x>", "<x>")]
    public void Special_tokens_that_are_empty_twice_or_ordinary_are_refused_by_every_kind(params string[] special)
    {
        Assert.Throws<ArgumentException>(() => new ByteTokenizer(special));
        Assert.Throws<ArgumentException>(() => CharacterTokenizer.Train(["abc"], special));
        Assert.Throws<ArgumentException>(() => new BytePairTrainer(new() { SpecialTokens = special }));
    }

    [Fact]
    public void A_special_token_that_the_training_makes_an_ordinary_one_is_refused()
        => Assert.Throws<ArgumentException>(() => new BytePairTrainer(new() { SpecialTokens = ["ab"] }).Train(["ab ab ab"], cancellationToken: TestContext.Current.CancellationToken));

    private static Tokenizer WithThink()
    {
        using var folder = new TemporaryFolder();
        Make("byte").Save(folder.Path);
        Edit(folder, file => file["added_tokens"]!.AsArray().Add(JsonNode.Parse("""{"id":300,"content":"<think>","special":false}""")));
        return Tokenizer.Load(folder.Path);
    }

    private static Tokenizer Make(string kind) => kind switch
    {
        "char" => CharacterTokenizer.Train([Sample, Tokenizer.EndOfText, " ", "\"\\"]),
        "byte" => new ByteTokenizer(),
        _ => new BytePairTrainer(new()
        {
            VocabularySize = 300,
            PreTokenizer = kind == "gpt2" ? PreTokenizer.Gpt2 : PreTokenizer.Gpt4,
        }).Train(Enumerable.Repeat(Sample, 3)),
    };

    private static List<(string Name, string Content)> Files(TemporaryFolder folder)
        => [.. Directory.EnumerateFiles(folder.Path).Order().Select(file => (Path.GetFileName(file), File.ReadAllText(file)))];

    private static JsonNode Read(TemporaryFolder folder) => JsonNode.Parse(File.ReadAllText(Path.Combine(folder.Path, "tokenizer.json")))!;

    private static void Edit(TemporaryFolder folder, Action<JsonNode> edit)
    {
        var path = Path.Combine(folder.Path, "tokenizer.json");
        var file = JsonNode.Parse(File.ReadAllText(path))!;
        edit(file);
        File.WriteAllText(path, file.ToJsonString());
    }
}
