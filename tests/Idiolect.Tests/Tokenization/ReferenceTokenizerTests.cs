using System.Text.Json.Nodes;
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
