using CsCheck;
using Idiolect.Data;

namespace Idiolect.Tests.Data;

public sealed class BatchSamplerTests
{
    [Fact]
    public void A_keyed_permutation_is_a_permutation()
        => Gen.Select(Gen.Int[1, 3000], Gen.ULong).Sample((count, key) =>
        {
            var permutation = new KeyedPermutation(count, key);
            var images = Enumerable.Range(0, count).Select(i => permutation.Map(i)).Order();
            Assert.Equal(Enumerable.Range(0, count).Select(i => (long)i), images);
        }, iter: 50);

    [Fact]
    public void A_keyed_permutation_spreads_every_index_over_all_places()
    {
        // 10 indices x 10 places, 4,000 keys: 400 expected in each cell, standard deviation 19.
        var hits = new int[10, 10];
        for (ulong key = 0; key < 4000; key++)
        {
            var permutation = new KeyedPermutation(10, key * 0x9e3779b97f4a7c15UL);
            for (var i = 0; i < 10; i++)
            {
                hits[i, permutation.Map(i)]++;
            }
        }

        Assert.All(hits.Cast<int>(), count => Assert.InRange(count, 300, 500));
    }

    [Fact]
    public void An_epoch_visits_each_window_once_and_no_token_twice()
        => Gen.Select(Gen.Int[2, 400], Gen.Int[1, 20], Gen.ULong).Where((count, context, _) => count > context).Sample((count, context, seed) =>
        {
            using var data = Counting(count);
            var sampler = new BatchSampler(data, 1, context, seed);
            var inputs = new int[context];
            var targets = new int[context];
            var visits = new int[count];
            for (long step = 0; step < sampler.WindowsPerEpoch; step++)
            {
                sampler.Fill(step, 0, inputs, targets);
                Assert.Equal(inputs.Select(token => token + 1), targets);
                Array.ForEach(inputs, token => visits[token]++);
            }

            Assert.Equal(1, visits.Max());
            Assert.InRange(visits.Count(visit => visit == 0), 0, (2 * context) + 1);
        }, iter: 50);

    [Fact]
    public void Contiguous_rows_read_on_where_they_stopped_until_a_new_stretch_begins()
        => Gen.Select(Gen.Int[40, 400], Gen.Int[1, 4], Gen.Int[1, 3], Gen.Int[1, 9], Gen.ULong).Sample((count, batch, microSteps, context, seed) =>
        {
            using var data = Counting(count);
            var sampler = new BatchSampler(data, batch, context, seed, microSteps, SamplingOrder.Contiguous);
            Assert.InRange(sampler.WindowsPerStretch, 1, 16);
            var inputs = new int[batch * context];
            var targets = new int[batch * context];
            var next = new int[microSteps, batch];
            for (long step = 0; step < 60; step++)
            {
                for (var micro = 0; micro < microSteps; micro++)
                {
                    sampler.Fill(step, micro, inputs, targets);
                    Assert.Equal(inputs.Select(token => token + 1), targets);
                    for (var row = 0; row < batch; row++)
                    {
                        Assert.True(sampler.BeginsAnew(step) || inputs[row * context] == next[micro, row]);
                        next[micro, row] = inputs[(row * context) + context - 1] + 1;
                    }
                }
            }
        }, iter: 50);

    [Fact]
    public void A_contiguous_epoch_visits_no_token_twice()
    {
        using var data = Counting(5000);
        var sampler = new BatchSampler(data, 1, 7, seed: 5, order: SamplingOrder.Contiguous);
        Assert.Equal((16, (((5000 - 1) / 112) - 1) * 16), (sampler.WindowsPerStretch, (int)sampler.WindowsPerEpoch));
        var inputs = new int[7];
        HashSet<int> visited = [];
        for (long step = 0; step < sampler.WindowsPerEpoch; step++)
        {
            sampler.Fill(step, 0, inputs, new int[7]);
            Assert.All(inputs, token => Assert.True(visited.Add(token)));
        }
    }

    [Fact]
    public void Epochs_differ_in_order_and_offset()
    {
        using var data = Counting(10_000);
        var sampler = new BatchSampler(data, 1, 32, seed: 1);
        int[] Starts(int epoch) => [.. Enumerable.Range(0, (int)sampler.WindowsPerEpoch).Select(i => Fill(sampler, (epoch * sampler.WindowsPerEpoch) + i)[0])];

        var offsets = Enumerable.Range(0, 8).Select(epoch => Starts(epoch)[0] % 32).Distinct().Count();

        Assert.InRange(offsets, 3, 8);
        Assert.NotEqual(Starts(0).Select(start => start / 32), Starts(1).Select(start => start / 32));
    }

    [Theory]
    [InlineData(SamplingOrder.Shuffled)]
    [InlineData(SamplingOrder.Random)]
    [InlineData(SamplingOrder.Contiguous)]
    public void A_batch_is_a_function_of_seed_and_position(SamplingOrder order)
    {
        using var data = Counting(5000);
        var first = new BatchSampler(data, 4, 16, seed: 7, microSteps: 2, order);
        var resumed = new BatchSampler(data, 4, 16, seed: 7, microSteps: 2, order);
        _ = Fill(first, 0);

        Assert.Equal(Fill(first, 123, 1), Fill(resumed, 123, 1));
        Assert.NotEqual(Fill(first, 123, 1), Fill(first, 123, 0));
        Assert.NotEqual(Fill(first, 123, 1), Fill(new BatchSampler(data, 4, 16, seed: 8, microSteps: 2, order), 123, 1));
    }

    [Fact]
    public void Micro_steps_divide_the_same_samples()
    {
        using var data = Counting(5000);

        var whole = Fill(new BatchSampler(data, 6, 16, seed: 7), 5);
        var sampler = new BatchSampler(data, 2, 16, seed: 7, microSteps: 3);
        int[] parts = [.. Fill(sampler, 5, 0), .. Fill(sampler, 5, 1), .. Fill(sampler, 5, 2)];

        Assert.Equal(whole, parts);
    }

    [Fact]
    public void Random_order_reaches_every_start_alike()
    {
        using var data = Counting(12);
        var sampler = new BatchSampler(data, 1, 2, seed: 3, order: SamplingOrder.Random);

        var counts = Enumerable.Range(0, 10_000).GroupBy(step => Fill(sampler, step)[0]).ToDictionary(group => group.Key, group => group.Count());

        Assert.Equal(Enumerable.Range(0, 10), counts.Keys.Order());
        Assert.All(counts.Values, count => Assert.InRange(count, 850, 1150));
    }

    [Fact]
    public void Filling_allocates_nothing()
    {
        using var data = Counting(5000);
        var sampler = new BatchSampler(data, 4, 16, seed: 7);
        var inputs = new int[64];
        var targets = new int[64];
        sampler.Fill(0, 0, inputs, targets);

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var step = 0; step < 100; step++)
        {
            sampler.Fill(step, 0, inputs, targets);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_stream_of_one_window_is_enough()
    {
        using var data = Counting(17);

        Assert.Equal(Enumerable.Range(0, 16), Fill(new BatchSampler(data, 1, 16, seed: 1), 99));
        Assert.Throws<InvalidDataException>(() => new BatchSampler(data, 1, 17, seed: 1));
    }

    /// <summary>A stream of the tokens 0, 1, 2...</summary>
    internal static TokenDataset Counting(int count)
        => TokenDataset.Encode([new("numbers", new string('x', count))], _ => [.. Enumerable.Range(0, count)], count, null, 0, TestContext.Current.CancellationToken);

    private static int[] Fill(BatchSampler sampler, long step, int microStep = 0)
    {
        var inputs = new int[sampler.BatchSize * sampler.ContextLength];
        sampler.Fill(step, microStep, inputs, new int[inputs.Length]);
        return inputs;
    }
}
