using System.Text.Json.Nodes;
using CsCheck;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

/// <summary>
/// Against the ids of Hugging Face's own library: tests/golden/make-tokenizer-goldens.mjs made them. Each variant is a change to one small
/// tokenizer.json.
/// </summary>
public sealed class ReferenceTokenizerTests
{
    private static readonly Lazy<JsonNode> Goldens = new(()
        => JsonNode.Parse(File.ReadAllText(Path.Combine(RepositoryFolder.Path, "tests", "golden", "tokenizers", "goldens.json")))!);

    public static TheoryData<string> Variants => [.. Goldens.Value["variants"]!.AsArray().Select(variant => variant!["name"]!.GetValue<string>())];

    [Theory]
    [MemberData(nameof(Variants))]
    public void Ids_are_those_of_the_reference(string name)
    {
        using var folder = new TemporaryFolder();
        var variant = Write(name, folder);
        AssertSame(variant, Tokenizer.Load(folder.Path));
    }

    [Theory]
    [MemberData(nameof(Variants))]
    public void Ids_stay_when_the_tokenizer_is_saved_and_loaded_again(string name)
    {
        using var folder = new TemporaryFolder();
        using var again = new TemporaryFolder();
        using var third = new TemporaryFolder();
        var variant = Write(name, folder);
        var first = Tokenizer.Load(folder.Path);
        first.Save(again.Path);
        var second = Tokenizer.Load(again.Path);
        AssertSame(variant, second);
        Assert.Equal(first.Hash, second.Hash);
        second.Save(third.Path);
        Assert.Equal(File.ReadAllText(again["tokenizer.json"]), File.ReadAllText(third["tokenizer.json"]));
    }

    [Fact]
    public void Files_with_any_character_changed_load_and_work_or_are_invalid_data()
    {
        const string text = "Hello 12 <|endoftext|>  <m> e\u0301";
        const string configuration = """
            {"bos_token":"<|endoftext|>","add_bos_token":true,"add_eos_token":false,"split_special_tokens":false,"tokenizer_class":"GPT2Tokenizer",
            "added_tokens_decoder":{"295":{"content":"<|endoftext|>","lstrip":true,"special":true}},"pad_token":{"content":"!"}}
            """;
        using var folder = new TemporaryFolder();
        var files = Goldens.Value["variants"]!.AsArray().Select(variant =>
        {
            Write(variant!["name"]!.GetValue<string>(), folder);
            return File.ReadAllText(folder["tokenizer.json"]);
        }).ToArray();
        var gen = Gen.Select(Gen.Int[0, files.Length - 1], Gen.Int[0, int.MaxValue], Gen.Char["{}[]\",:0-9.ntxAB\u0120\\ "], Gen.Bool);
        gen.Sample((file, position, character, inFile) =>
        {
            var (json, other) = inFile ? (files[file], configuration) : (configuration, files[file]);
            // The vocabulary, the greater part, has tests of its own.
            var end = json.IndexOf("\"vocab\"", StringComparison.Ordinal) is > 0 and var vocabulary ? vocabulary : json.Length;
            json = string.Concat(json.AsSpan(0, position % end), [character], json.AsSpan((position % end) + 1));
            using var copy = new TemporaryFolder();
            copy.Write("tokenizer.json", inFile ? json : other);
            copy.Write("tokenizer_config.json", inFile ? other : json);
            var error = Record.Exception(() =>
            {
                var tokenizer = Tokenizer.Load(copy.Path);
                tokenizer.Save(copy["again"]);
                Assert.Equal(Encode(tokenizer, text), Encode(Tokenizer.Load(copy["again"]), text));
            });
            Assert.True(error is null or InvalidDataException, $"{json}\n{error}");
        }, iter: 200);

        // A vocabulary may lack bytes.
        static string Encode(Tokenizer tokenizer, string text)
        {
            try
            {
                return string.Join(' ', tokenizer.EncodeWithSpecialTokens(text));
            }
            catch (ArgumentException exception)
            {
                return exception.Message;
            }
        }
    }

    [Fact]
    public void A_text_is_what_its_tokens_say()
    {
        foreach (var name in new[] { "GPT-4o", "Qwen", "DeepSeek", "SmolLM", "lstrip" })
        {
            using var folder = new TemporaryFolder();
            var variant = Write(name, folder);
            var tokenizer = Tokenizer.Load(folder.Path);
            foreach (var text in variant["cases"]!.AsArray().Select(item => item!["text"]!.GetValue<string>()).Where(text => !text.Contains("<m>", StringComparison.Ordinal)))
            {
                // Qwen's is NFC, which keeps all but what it composes.
                var expected = name == "Qwen" ? new UnicodeForm(composes: true, compatible: false).Apply(text) : text;
                Assert.Equal(expected, tokenizer.Decode(tokenizer.Encode(text)));
            }
        }
    }

    private static void AssertSame(JsonNode variant, Tokenizer tokenizer)
    {
        var cases = variant["cases"]!.AsArray();
        Assert.NotEmpty(cases);
        foreach (var item in cases)
        {
            var text = item!["text"]!.GetValue<string>();
            var expected = string.Join(' ', item["ids"]!.AsArray());
            var ids = string.Join(' ', tokenizer.EncodeWithSpecialTokens(text, allowSpecial: true));
            Assert.True(expected == ids, $"'{text}': the reference has {expected}, ours {ids}");
        }
    }

    private static JsonNode Write(string name, TemporaryFolder folder)
    {
        var variant = Goldens.Value["variants"]!.AsArray().Single(variant => variant!["name"]!.GetValue<string>() == name)!;
        var file = Goldens.Value["base"]!.DeepClone().AsObject();
        foreach (var (member, value) in variant["change"]!.AsObject())
        {
            if (member != "model")
            {
                file[member] = value?.DeepClone();
                continue;
            }
            foreach (var (field, change) in value!.AsObject())
            {
                file["model"]![field] = change?.DeepClone();
            }
        }
        folder.Write("tokenizer.json", file.ToJsonString());
        return variant;
    }
}
