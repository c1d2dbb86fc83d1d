using Idiolect.Data;
using Idiolect.Formats;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Data;

public sealed class TokenCacheTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly CorpusOptions _options;
    private readonly string _file;

    public TokenCacheTests()
    {
        _options = new CorpusOptions { CacheFolder = _folder["cache"] };
        _file = _folder.Write("a.txt", string.Join('\n', Enumerable.Range(0, 5000).Select(i => $"line {i}")));
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tokens_are_made_once()
    {
        var tokenizer = new ByteTokenizer();
        var first = Encode(tokenizer);
        var shards = Shards();
        var times = shards.Select(File.GetLastWriteTimeUtc).ToArray();
        File.WriteAllBytes(_file, new byte[new FileInfo(_file).Length]); // who read it again would notice
        File.SetLastWriteTimeUtc(_file, _written);

        Assert.Equal(first, Encode(tokenizer));
        Assert.Equal(times, Shards().Select(File.GetLastWriteTimeUtc));
    }

    private DateTime _written;

    [Fact]
    public void Another_tokenizer_has_tokens_of_its_own()
    {
        Encode(new ByteTokenizer());
        Encode(new ByteTokenizer(["<|a|>", "<|b|>"]));

        Assert.Equal(2, Shards().Length);
        Assert.Single(new TokenCache(_folder["cache"]).Entries);
    }

    [Fact]
    public void Whatever_changes_the_text_has_an_entry_of_its_own()
    {
        CorpusOptions[] ways =
        [
            _options, _options with { Separator = "\n" }, _options with { Encoding = CorpusOptions.Latin1 }, _options with { Field = "body" },
            _options with { ValidationFraction = 0.5 }, _options with { SkipBad = true }, _options with { ValidationSource = _file },
        ];
        foreach (var way in ways)
        {
            Corpus.Load([new WeightedSource(_file)], way, null, mostInMemory: 0, TestContext.Current.CancellationToken);
        }
        Corpus.Load([new WeightedSource(_file, 2)], _options, null, mostInMemory: 0, TestContext.Current.CancellationToken);

        Assert.Equal(ways.Length + 1, new TokenCache(_folder["cache"]).Entries.Count);
    }

    [Fact]
    public void Damaged_tokens_are_made_again()
    {
        var expected = Encode(new ByteTokenizer());
        foreach (var shard in Shards())
        {
            var bytes = File.ReadAllBytes(shard);
            bytes[^1] ^= 1;
            File.WriteAllBytes(shard, bytes);
        }

        Assert.Equal(expected, Encode(new ByteTokenizer()));
    }

    [Theory]
    [InlineData(24)] // the number of bytes
    [InlineData(32)] // the size of the vocabulary
    [InlineData(36)] // the separator
    public void So_are_tokens_whose_header_is_damaged(int at)
    {
        var expected = Encode(new ByteTokenizer());
        foreach (var shard in Shards())
        {
            var bytes = File.ReadAllBytes(shard);
            bytes[at] ^= 4;
            File.WriteAllBytes(shard, bytes);
        }
        using var data = CorpusTokens.Encode(Load(), new ByteTokenizer(), cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal(((long)expected.Length, new ByteTokenizer().VocabularySize, Load().TrainingBytes), (data.TokenCount, data.VocabularySize, data.ByteCount));
        Assert.Equal(new ByteTokenizer().BeginningOfTextId, data.Separator);
    }

    [Theory]
    [InlineData("\"Documents\":1", "\"Documents\":2")]
    [InlineData("\"Threshold\":", "\"Threshold\":1")]
    [InlineData("\"TrainingBytes\":", "\"TrainingBytes\":1")]
    [InlineData("[{", "[null,{")]
    public void A_damaged_division_is_found_anew(string old, string @new)
    {
        var corpus = Load();
        Assert.False(corpus.TrainingBytes == 0);
        var path = Path.Join(_folder["cache"], Assert.Single(new TokenCache(_folder["cache"]).Entries).Key, "corpus.json");
        var json = File.ReadAllText(path);
        Assert.Contains(old, json, StringComparison.Ordinal);
        File.WriteAllText(path, json.Replace(old, @new, StringComparison.Ordinal));

        var again = Load();
        Assert.Equal((corpus.Hash, corpus.TrainingBytes, corpus.ValidationBytes), (again.Hash, again.TrainingBytes, again.ValidationBytes));
        Assert.Equal(json, File.ReadAllText(path));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData(null)]
    public void A_damaged_tokenizer_is_trained_again(string? content)
    {
        Tokenizer Train() => CharacterTokenizer.Train(["abc"], ["<|endoftext|>"]);
        var corpus = Load();
        var first = CorpusTokens.CreateTokenizer(corpus, "char", Train, TestContext.Current.CancellationToken);
        var file = Assert.Single(Directory.EnumerateFiles(_folder["cache"], "tokenizer.json", SearchOption.AllDirectories));
        if (content is null)
        {
            File.Delete(file);
        }
        else
        {
            File.WriteAllText(file, content);
        }

        Assert.Equal(first.Hash, CorpusTokens.CreateTokenizer(corpus, "char", Train, TestContext.Current.CancellationToken).Hash);
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"a\"", "\"x\"", StringComparison.Ordinal));
        Assert.Equal(first.Hash, CorpusTokens.CreateTokenizer(corpus, "char", Train, TestContext.Current.CancellationToken).Hash);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_file_that_changes_while_it_is_encoded_is_named_and_nothing_is_kept(bool grows)
    {
        var corpus = Load();
        void Change(DataProgress news)
        {
            using var stream = new FileStream(_file, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            stream.Position = grows ? stream.Length : 0;
            stream.Write("other text"u8);
        }

        var error = Assert.Throws<InvalidDataException>(() => CorpusTokens.Encode(
            corpus, new ByteTokenizer(), progress: new Hear(Change), cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("a.txt changed while it was read", error.Message, StringComparison.Ordinal);
        Assert.Empty(Shards());
    }

    [Fact]
    public void A_lock_that_cannot_be_taken_is_an_error_and_no_wait()
    {
        Load();
        var folder = Path.Join(_folder["cache"], Assert.Single(new TokenCache(_folder["cache"]).Entries).Key);
        Directory.CreateDirectory(Path.Join(folder, CacheLock.FileName));

        Assert.Throws<WriteFailedException>(() => CacheLock.Acquire(folder, () => Assert.Fail("nobody holds it"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public void What_a_killed_process_left_is_never_read_and_goes()
    {
        var expected = Encode(new ByteTokenizer());
        var shard = Shards()[0];
        var half = Path.Join(Path.GetDirectoryName(shard), $".{Path.GetFileName(shard)}.0123abcd.partial");
        File.Move(shard, half);
        using (var stream = new FileStream(half, FileMode.Open))
        {
            stream.SetLength(stream.Length / 2);
        }

        Assert.Equal(expected, Encode(new ByteTokenizer()));
        Assert.False(File.Exists(half));
        Assert.True(File.Exists(shard));
    }

    [Fact]
    public async Task Two_who_want_the_same_tokens_make_them_once()
    {
        var tokenizer = new CountingTokenizer();
        var corpus = Load();
        var sides = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Tokens(corpus, tokenizer))));

        Assert.All(sides, tokens => Assert.Equal(sides[0], tokens));
        Assert.Equal(corpus.Training.Count, tokenizer.Calls);
    }

    [Fact]
    public async Task Who_waits_for_another_process_says_so_and_hears_a_cancellation()
    {
        var corpus = Load();
        var entry = Assert.Single(new TokenCache(_folder["cache"]).Entries);
        using var held = CacheLock.TryAcquire(Path.Join(_folder["cache"], entry.Key));
        Assert.NotNull(held);
        Assert.Null(CacheLock.TryAcquire(Path.Join(_folder["cache"], entry.Key)));
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var said = new TaskCompletionSource<string>();
        var work = Task.Run(() => CorpusTokens.Encode(corpus, new ByteTokenizer(), progress: new Hear(news => said.TrySetResult(news.What)), cancellationToken: stop.Token));

        Assert.Contains("waiting for another process", await said.Task, StringComparison.Ordinal);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => work);
        Assert.Throws<IOException>(() => new TokenCache(_folder["cache"]).Remove(entry.Key));
    }

    [Fact]
    public void Entries_are_listed_and_removed()
    {
        Encode(new ByteTokenizer());
        var cache = new TokenCache(_folder["cache"]);
        var entry = Assert.Single(cache.Entries);

        Assert.Equal(_file, entry.Source);
        Assert.True(entry.Bytes > 5000);
        Assert.Throws<DirectoryNotFoundException>(() => cache.Remove("../" + entry.Key));
        cache.Remove(entry.Key);
        Assert.Empty(cache.Entries);
        Assert.False(Directory.Exists(Path.Join(cache.Folder, entry.Key)));
    }

    [Fact]
    public void A_cancelled_encoding_leaves_nothing()
    {
        var corpus = Load();
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => CorpusTokens.Encode(
            corpus, new ByteTokenizer(), progress: new Hear(_ => stop.Cancel()), cancellationToken: stop.Token));

        Assert.Empty(Shards());
        Assert.DoesNotContain(Directory.EnumerateFiles(_folder["cache"], "*", SearchOption.AllDirectories), file => file.EndsWith(".partial", StringComparison.Ordinal));
    }

    [Fact]
    public void A_trained_tokenizer_is_kept()
    {
        var corpus = Load();
        var made = 0;
        Tokenizer Make()
        {
            made++;
            return CharacterTokenizer.Train(["abc"], ["<|endoftext|>"]);
        }

        var first = CorpusTokens.CreateTokenizer(corpus, "char", Make, TestContext.Current.CancellationToken);
        var second = CorpusTokens.CreateTokenizer(Load(), "char", Make, TestContext.Current.CancellationToken);

        Assert.Equal((1, first.Hash, first.BeginningOfTextId), (made, second.Hash, second.BeginningOfTextId));
        CorpusTokens.CreateTokenizer(corpus, "another", Make, TestContext.Current.CancellationToken);
        Assert.Equal(2, made);
    }

    private Corpus Load()
    {
        _written = File.GetLastWriteTimeUtc(_file);
        return Corpus.Load([new WeightedSource(_file)], _options, null, mostInMemory: 0, TestContext.Current.CancellationToken);
    }

    private int[] Encode(Tokenizer tokenizer) => Tokens(Load(), tokenizer);

    private static int[] Tokens(Corpus corpus, Tokenizer tokenizer)
    {
        using var data = CorpusTokens.Encode(corpus, tokenizer, cancellationToken: TestContext.Current.CancellationToken);
        var tokens = new int[data.TokenCount];
        data.CopyTo(0, tokens);
        return tokens;
    }

    private string[] Shards() => [.. Directory.EnumerateFiles(_folder["cache"], "*.tokens", SearchOption.AllDirectories)];

    private sealed class Hear(Action<DataProgress> hear) : IProgress<DataProgress>
    {
        public void Report(DataProgress value) => hear(value);
    }

    /// <summary>Counts the texts that it encodes.</summary>
    private sealed class CountingTokenizer() : Tokenizer([.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value })], [])
    {
        private int _calls;

        internal int Calls => _calls;

        protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> output)
        {
            Interlocked.Increment(ref _calls);
            foreach (var value in System.Text.Encoding.UTF8.GetBytes(text.ToString()))
            {
                output.Add(value);
            }
        }
    }
}
