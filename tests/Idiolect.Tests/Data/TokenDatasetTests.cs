using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Idiolect.Data;

namespace Idiolect.Tests.Data;

public sealed class TokenDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Documents_follow_each_other_each_after_a_separator()
    {
        using var data = Encode([new("a", "ab"), new("b", "é")], Bytes, 257, separator: 256);

        Assert.Equal([256, 'a', 'b', 256, 0xC3, 0xA9], Tokens(data));
        Assert.Equal(4, data.ByteCount);
    }

    [Fact]
    public void Without_a_separator_documents_touch()
    {
        using var data = Encode([new("a", "ab"), new("b", "c")], Bytes, 256);

        Assert.Equal(['a', 'b', 'c'], Tokens(data));
    }

    [Fact]
    public void The_stream_does_not_depend_on_the_number_of_threads()
    {
        var documents = Enumerable.Range(0, 1000).Select(i => new Document($"{i}", new string((char)('a' + (i % 26)), i % 17))).ToArray();
        using var one = Encode(documents, Bytes, 257, 256, threads: 1);
        using var four = Encode(documents, Bytes, 257, 256, threads: 4);

        Assert.Equal(Tokens(one), Tokens(four));
    }

    [Fact]
    public void A_token_outside_the_vocabulary_is_refused_by_document()
    {
        var error = Assert.Throws<InvalidDataException>(
            () => Encode([new("good", "a"), new("bad", "z"), new("bad too", "z")], Bytes, 'b', threads: 1));

        Assert.StartsWith("bad: the tokenizer gave token 122", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_text_shorter_than_the_context_is_refused()
    {
        using var data = Encode([new("a", "0123456789")], Bytes, 256);

        data.RequireContext(9);
        Assert.Contains("10 tokens", Assert.Throws<InvalidDataException>(() => data.RequireContext(10)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(65_536)]
    [InlineData(65_537)]
    public void A_saved_dataset_is_read_back(int vocabularySize)
        => Gen.Select(Gen.Int[0, vocabularySize - 1].Array[0, 200], Gen.Int[-1, 5]).Sample((tokens, separator) =>
        {
            var path = _folder[$"{Guid.NewGuid():N}.tokens"];
            using var data = Encode([new("a", "text")], _ => tokens, vocabularySize, separator < 0 ? null : separator);
            data.Save(path);

            using var read = TokenDataset.Open(path);
            Assert.Equal(Tokens(data), Tokens(read));
            Assert.Equal(
                (data.TokenCount, data.ByteCount, data.VocabularySize, data.Separator),
                (read.TokenCount, read.ByteCount, read.VocabularySize, read.Separator));
        }, iter: 20);

    [Fact]
    public void Saving_replaces_an_older_file_and_leaves_no_other()
    {
        var path = _folder.Write("a.tokens", "old");
        using var data = Example();
        data.Save(path);

        using var read = TokenDataset.Open(path);
        Assert.Equal(data.TokenCount, read.TokenCount);
        Assert.Equal([path], Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void Reading_outside_of_the_stream_is_refused()
    {
        using var saved = OpenExample(out _);

        Assert.Throws<ArgumentOutOfRangeException>(() => saved.CopyTo(saved.TokenCount - 1, new int[2]));
        Assert.Throws<ArgumentOutOfRangeException>(() => saved.CopyTo(-1, new int[1]));
    }

    [Fact]
    public void Reading_a_closed_file_is_refused()
    {
        var saved = OpenExample(out _);
        saved.Dispose();

        Assert.Throws<ObjectDisposedException>(() => saved.CopyTo(0, new int[1]));
    }

    [Fact]
    public void Any_changed_byte_that_matters_is_detected()
    {
        OpenExample(out var path).Dispose();
        var content = File.ReadAllBytes(path);

        Gen.Select(Gen.Int[0, content.Length - 1], Gen.Int[1, 255]).Sample((position, flip) =>
        {
            // The numbers of bytes and of the separator and the vocabulary's size cannot be known from the tokens.
            if (position is >= 24 and < 40)
            {
                return;
            }
            var damaged = (byte[])content.Clone();
            damaged[position] ^= (byte)flip;
            var file = _folder.Write($"{Guid.NewGuid():N}.tokens", damaged);
            Assert.Contains(file, Assert.Throws<InvalidDataException>(() => TokenDataset.Open(file)).Message, StringComparison.Ordinal);
        });
    }

    [Fact]
    public void Any_shortened_or_lengthened_file_is_refused()
    {
        OpenExample(out var path).Dispose();
        var content = File.ReadAllBytes(path);

        for (var length = 0; length < content.Length + 4; length++)
        {
            if (length != content.Length)
            {
                var resized = content;
                Array.Resize(ref resized, length);
                var file = _folder.Write("resized.tokens", resized);
                Assert.Throws<InvalidDataException>(() => TokenDataset.Open(file));
            }
        }
    }

    [Theory]
    [InlineData(long.MaxValue)]
    [InlineData(long.MaxValue / 2)]
    [InlineData(-1)]
    public void A_claimed_size_is_not_believed(long count)
    {
        OpenExample(out var path).Dispose();
        var content = File.ReadAllBytes(path);
        BinaryPrimitives.WriteInt64LittleEndian(content.AsSpan(16), count);
        File.WriteAllBytes(path, content);

        Assert.Contains("token count", Assert.Throws<InvalidDataException>(() => TokenDataset.Open(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_smaller_vocabulary_than_the_tokens_need_is_refused()
    {
        OpenExample(out var path).Dispose();
        var content = File.ReadAllBytes(path);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(32), 100);
        BinaryPrimitives.WriteInt32LittleEndian(content.AsSpan(36), -1);
        File.WriteAllBytes(path, content);

        Assert.Contains("vocabulary of 100", Assert.Throws<InvalidDataException>(() => TokenDataset.Open(path)).Message, StringComparison.Ordinal);
    }

    private static TokenDataset Encode(
        Document[] documents, Func<string, int[]> encode, int vocabularySize, int? separator = null, int threads = 0)
        => TokenDataset.Encode(documents, encode, vocabularySize, separator, threads, TestContext.Current.CancellationToken);

    private static int[] Bytes(string text) => [.. Encoding.UTF8.GetBytes(text).Select(b => (int)b)];

    private static int[] Tokens(TokenDataset data)
    {
        var tokens = new int[data.TokenCount];
        data.CopyTo(0, tokens);
        return tokens;
    }

    private static TokenDataset Example() => Encode([new("a", "some text"), new("b", "more")], Bytes, 257, 256);

    private TokenDataset OpenExample(out string path)
    {
        path = _folder["example.tokens"];
        using var data = Example();
        data.Save(path);
        return TokenDataset.Open(path);
    }
}
