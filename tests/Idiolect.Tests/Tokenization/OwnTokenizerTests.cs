using System.Text;
using Idiolect.Formats;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

/// <summary>Tokenizers that a user of the library derives: with public and protected members alone.</summary>
public sealed class OwnTokenizerTests
{
    private const string Text = "the cat sat on the mat: größer";

    [Fact]
    public void What_it_encodes_it_decodes()
    {
        var tokenizer = new WordTokenizer(["the ", "cat ", "on "]);
        var ids = tokenizer.Encode(Text);
        Assert.Equal([256, 257], ids[..2]);
        Assert.Equal(Text, tokenizer.Decode(ids));
        Assert.Equal(Encoding.UTF8.GetByteCount(Text), ids.Sum(tokenizer.GetByteCount));
        var decoder = tokenizer.CreateDecoder();
        Assert.Equal(Text, string.Concat(ids.Select(decoder.Append)) + decoder.Flush());
    }

    [Fact]
    public void Its_special_tokens_stand_behind_its_own()
    {
        var tokenizer = new WordTokenizer(["the "]);
        Assert.Equal((257, 257, 258), (tokenizer.BeginningOfTextId, tokenizer.EndOfTextId, tokenizer.VocabularySize));
        Assert.Equal([256, 257, 'x'], tokenizer.Encode("the <|endoftext|>x", allowSpecial: true));
        Assert.DoesNotContain(257, tokenizer.Encode("the <|endoftext|>x"));
        Assert.Equal("the ", Encoding.UTF8.GetString(tokenizer.GetBytes(256)));
        Assert.False(tokenizer.Knows(258));
    }

    [Fact]
    public async Task A_model_with_it_is_saved_loaded_and_writes_the_same()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = new WordTokenizer(["the ", "cat "]);
        var config = GptConfig.Gpt2(tokenizer.VocabularySize, contextLength: 16, layerCount: 1, headCount: 1, width: 8);
        using var model = new LanguageModel(new Gpt(config, seed: 3), tokenizer);
        model.Save(folder.Path);
        using var loaded = LanguageModel.Load(folder.Path, WordTokenizer.Open(folder.Path));
        Assert.Equal(await Written(model), await Written(loaded));
        Assert.Equal(tokenizer.Hash, loaded.Tokenizer.Hash);

        static async Task<string> Written(LanguageModel model)
        {
            var cancellationToken = TestContext.Current.CancellationToken;
            return string.Concat(await model.GenerateAsync("the cat", new GenerationOptions { MaxTokens = 30 }, cancellationToken).ToArrayAsync(cancellationToken));
        }
    }

    [Fact]
    public void One_that_does_not_say_how_it_is_saved_is_named_and_nothing_is_written()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = new LetterTokenizer(["a", "b"]);
        var config = GptConfig.Gpt2(tokenizer.VocabularySize, contextLength: 16, layerCount: 1, headCount: 1, width: 8);
        using var model = new LanguageModel(new Gpt(config), tokenizer);
        var exception = Assert.Throws<NotSupportedException>(() => model.Save(folder["model"]));
        Assert.Contains(nameof(LetterTokenizer), exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["model"]));
    }

    [Fact]
    public void The_hash_tells_tokens_and_classes_apart()
    {
        string[] hashes =
        [
            new LetterTokenizer(["a", "b"]).Hash, new LetterTokenizer(["b", "a"]).Hash, new LetterTokenizer(["ab", "c"]).Hash, new LetterTokenizer(["a", null]).Hash,
            new WordTokenizer(["a", "b"]).Hash,
        ];
        Assert.Equal(hashes.Length, hashes.Distinct().Count());
        Assert.Equal(new LetterTokenizer(["a", "b"]).Hash, hashes[0]);
    }

    [Fact]
    public void A_token_without_bytes_is_refused() => Assert.Throws<ArgumentException>(() => new LetterTokenizer([""]));

    /// <summary>Whole words of a list, and bytes for all else.</summary>
    private sealed class WordTokenizer(IReadOnlyList<string> words)
        : Tokenizer([.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }), .. words.Select(Encoding.UTF8.GetBytes)], [EndOfText])
    {
        private const string FileName = "words.txt";

        internal static WordTokenizer Open(string folder) => new(File.ReadAllLines(Path.Combine(folder, FileName)));

        public override void Save(string folder) => AtomicFile.Write(Path.Combine(folder, FileName), string.Join('\n', words));

        protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> output)
        {
            while (!text.IsEmpty)
            {
                var length = 0;
                for (var word = 0; word < words.Count && length == 0; word++)
                {
                    if (text.StartsWith(words[word]))
                    {
                        output.Add(256 + word);
                        length = words[word].Length;
                    }
                }
                if (length == 0)
                {
                    Rune.DecodeFromUtf16(text, out var character, out length);
                    output.AddRange(Encoding.UTF8.GetBytes(character.ToString()).Select(value => (int)value));
                }
                text = text[length..];
            }
        }
    }

    /// <summary>One token a letter, and no way to be saved.</summary>
    private sealed class LetterTokenizer(IReadOnlyList<string?> letters)
        : Tokenizer([.. letters.Select(letter => letter is null ? null : Encoding.UTF8.GetBytes(letter))])
    {
        protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> output)
        {
            foreach (var letter in text)
            {
                output.Add(letters.Index().First(entry => entry.Item == letter.ToString()).Index);
            }
        }
    }
}
