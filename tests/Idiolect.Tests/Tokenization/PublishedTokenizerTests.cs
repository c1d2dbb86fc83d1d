using System.IO.Compression;
using System.Text.Json;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

/// <summary>
/// Published files against the ids that Hugging Face's own library gives: folders in artifacts/test-data/tokenizers, each with what
/// tests/golden/make-tokenizer-cases.mjs writes. And Qwen 3's file of ../shared with ids that were written down.
/// </summary>
public sealed class PublishedTokenizerTests
{
    private static readonly string Folder = Path.Combine(RepositoryFolder.Path, "artifacts", "test-data", "tokenizers");
    private static readonly string Qwen3 = Path.Combine(RepositoryFolder.Path, "..", "shared", "tokenizers", "qwen3");

    public static TheoryData<string> Names => Directory.Exists(Folder) ? [.. Directory.EnumerateDirectories(Folder).Select(folder => Path.GetFileName(folder))] : ["none"];

    [Theory, Trait("Lane", "Full")]
    [MemberData(nameof(Names))]
    public void Ids_are_those_of_the_reference(string name)
    {
        Assert.SkipUnless(Directory.Exists(Folder), "No published tokenizers: put folders into artifacts/test-data/tokenizers and run tests/golden/make-tokenizer-cases.mjs.");
        // The reference was given the file alone, without what transformers' configuration changes.
        using var folder = new TemporaryFolder();
        File.Copy(Path.Combine(Folder, name, "tokenizer.json"), folder["tokenizer.json"]);
        var tokenizer = Tokenizer.Load(folder.Path);
        using var cases = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, name, "cases.json")));
        var wrong = cases.RootElement.EnumerateArray().Where(item =>
        {
            var text = item.GetProperty("text").GetString()!;
            return !Ids(item, "ids").SequenceEqual(tokenizer.EncodeWithSpecialTokens(text, allowSpecial: true))
                || !Ids(item, "plain").SequenceEqual(tokenizer.Encode(text, allowSpecial: true));
        }).Select(item => item.GetProperty("text").GetString()!).OrderBy(text => text.Length).ToArray();
        Assert.True(wrong.Length == 0, wrong.Length == 0 ? "" : $"{wrong.Length} differ: {Describe(wrong[0])}");

        string Describe(string text) => $"'{text}' ({JsonSerializer.Serialize(text)}), ours {string.Join(' ', tokenizer.Encode(text, allowSpecial: true))}";
    }

    [Fact, Trait("Lane", "Full")]
    public void Qwen3_as_published_has_its_ids()
    {
        Assert.SkipUnless(Directory.Exists(Qwen3), $"{Qwen3} is not on this machine.");
        using var folder = new TemporaryFolder();
        using (var packed = new GZipStream(File.OpenRead(Path.Combine(Qwen3, "tokenizer.json.gz")), CompressionMode.Decompress))
        using (var file = File.Create(folder["tokenizer.json"]))
        {
            packed.CopyTo(file);
        }
        File.Copy(Path.Combine(Qwen3, "tokenizer_config.json"), folder["tokenizer_config.json"]);
        var tokenizer = Tokenizer.Load(folder.Path);
        Assert.Equal((151643, 151645), (tokenizer.BeginningOfTextId, tokenizer.EndOfTextId));
        Assert.Equal([9707, 11, 1879, 0, 1084, 594, 220, 17, 15, 17, 20, 13], tokenizer.EncodeWithSpecialTokens("Hello, world! It's 2025."));
        Assert.Equal([151644, 872, 198, 34, 2577, 963, 220, 151667, 16, 10, 16, 151668, 151645, 198], tokenizer.EncodeWithSpecialTokens("<|im_start|>user\nCafe\u0301 <think>1+1</think><|im_end|>\n", allowSpecial: true));
    }

    private static IEnumerable<int> Ids(JsonElement item, string name) => item.GetProperty(name).EnumerateArray().Select(id => id.GetInt32());
}
