using Idiolect.Data;

namespace Idiolect.Tests.Data.Cleaning;

/// <summary>Signatures estimate how much two sets have in common, and find what has much.</summary>
public sealed class MinHashTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 1000)]
    [InlineData(100, 1000)]
    [InlineData(30, 40)]
    [InlineData(600, 1000)]
    [InlineData(80, 100)]
    [InlineData(950, 1000)]
    [InlineData(1000, 1000)]
    public void Estimates_scatter_round_the_true_similarity_as_the_binomial_law_says(int common, int all)
    {
        const int Pairs = 200;
        var expected = (double)common / all;
        var errors = new List<double>();
        for (var pair = 0; pair < Pairs; pair++)
        {
            var (a, b) = (new MinHash(), new MinHash());
            for (var i = 0; i < all; i++)
            {
                var element = WordReader.Mix(((ulong)pair << 32) + (ulong)i + 1);
                if (i < common || i % 2 == 0)
                {
                    a.Add(element);
                }
                if (i < common || i % 2 == 1)
                {
                    b.Add(element);
                }
            }
            errors.Add(MinHash.Similarity(a.Signature(), b.Signature()) - expected);
        }
        var deviation = Math.Sqrt(expected * (1 - expected) / MinHash.Size);

        Assert.InRange(errors.Average(), -4 * deviation / Math.Sqrt(Pairs) - 1e-3, 4 * deviation / Math.Sqrt(Pairs) + 1e-3);
        Assert.InRange(Math.Sqrt(errors.Average(error => error * error)), 0, (1.2 * deviation) + 1e-3);
    }

    [Fact]
    public void Order_and_repetition_of_elements_do_not_count()
    {
        var (a, b) = (new MinHash(), new MinHash());
        foreach (var element in Enumerable.Range(1, 50))
        {
            a.Add(WordReader.Mix((ulong)element));
            b.Add(WordReader.Mix((ulong)(51 - element)));
            b.Add(WordReader.Mix((ulong)element));
        }

        Assert.Equal(a.Signature(), b.Signature());
    }

    [Theory]
    [InlineData(0.3)]
    [InlineData(0.5)]
    [InlineData(0.7)]
    [InlineData(0.8)]
    [InlineData(0.9)]
    [InlineData(1)]
    public void Bands_find_what_is_as_similar_as_wanted(double similarity)
    {
        var rows = DuplicateIndex.Rows(similarity);

        Assert.Equal(0, MinHash.Size % rows);
        Assert.InRange(1 - Math.Pow(1 - Math.Pow(similarity, rows), MinHash.Size / rows), 0.8, 1);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1 << 16)]
    [InlineData(1 << 30)]
    public void An_index_finds_the_same_however_often_it_grew_and_wherever_it_lies(long mostInMemory)
    {
        const int Texts = 700;
        var random = new Random(5);
        var signatures = Enumerable.Range(0, Texts).Select(_ => SignatureOf(random)).ToArray();
        var digests = Enumerable.Range(0, Texts + 1).Select(_ => Bytes(random)).ToArray();
        using (var index = new DuplicateIndex(0.7, _folder.Path, texts: 2, mostInMemory))
        {
            for (var i = 0; i < Texts; i++)
            {
                Assert.Null(index.Find(digests[i], signatures[i]));
                index.Add(1000 + i, digests[i], signatures[i]);
            }
            index.Add(9000, digests[Texts], []); // a text without words has a copy only

            for (var i = 0; i < Texts; i++)
            {
                Assert.Equal((1000 + i, 1, true), index.Find(digests[i], signatures[i]));
                var near = (ushort[])signatures[i].Clone();
                near.AsSpan(0, 40).Clear();
                Assert.Equal((1000 + i, (MinHash.Size - 40.0) / MinHash.Size, false), index.Find(Bytes(random), near));
                near.AsSpan(0, 100).Clear();
                Assert.Null(index.Find(Bytes(random), near)); // 0.61
            }
            Assert.Equal((9000, 1, true), index.Find(digests[Texts], []));
            Assert.Null(index.Find(Bytes(random), []));
            Assert.Empty(OperatingSystem.IsWindows() ? [] : Directory.GetFileSystemEntries(_folder.Path)); // a file without a name stays when nobody holds it
        }
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void Many_texts_with_a_band_in_common_do_not_make_it_slow_or_blind()
    {
        var random = new Random(6);
        var boilerplate = SignatureOf(random);
        using var index = new DuplicateIndex(0.7, _folder.Path);
        for (var i = 0; i < 1000; i++)
        {
            var signature = SignatureOf(random);
            boilerplate.AsSpan(0, 64).CopyTo(signature); // a quarter: eight bands
            index.Add(i, Bytes(random), signature);
            var near = (ushort[])signature.Clone();
            near[^1]++;
            Assert.Equal((i, 255 / 256.0, false), index.Find(Bytes(random), near));
        }
    }

    [Fact]
    public void A_table_that_is_entered_anew_hears_a_cancellation()
    {
        const int Texts = 50_000;
        var (random, signature) = (new Random(7), new ushort[MinHash.Size]);
        using var cancelled = new CancellationTokenSource();
        using var index = new DuplicateIndex(0.7, _folder.Path, texts: 2, mostInMemory: 0, cancelled.Token);
        index.Add(0, Bytes(random), signature);
        cancelled.Cancel();

        Assert.Throws<OperationCanceledException>(() =>
        {
            for (var i = 1; i < Texts; i++)
            {
                index.Add(i, Bytes(random), SignatureOf(random));
            }
        });
    }

    [Theory]
    [InlineData(1L << 43)] // 8 TiB, which no disk has free
    [InlineData(1L << 60)]
    public void A_table_that_has_no_room_on_the_disk_says_so_and_leaves_no_file(long length)
    {
        var error = Assert.Throws<Idiolect.Formats.WriteFailedException>(() => new GrowingFile(_folder.Path, length, mostInMemory: 0));

        Assert.StartsWith($"Cannot write '{_folder.Path}': the disk (or your quota) is full. Free some space,", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    private static ushort[] SignatureOf(Random random) => [.. Enumerable.Range(0, MinHash.Size).Select(_ => (ushort)random.Next(1, 1 << 16))];

    private static byte[] Bytes(Random random)
    {
        var bytes = new byte[32];
        random.NextBytes(bytes);
        return bytes;
    }
}
