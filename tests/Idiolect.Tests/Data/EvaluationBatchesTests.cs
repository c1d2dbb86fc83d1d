using CsCheck;
using Idiolect.Data;

namespace Idiolect.Tests.Data;

public sealed class EvaluationBatchesTests
{
    private static readonly Gen<(int Count, int Batch, int Context)> Shapes
        = Gen.Select(Gen.Int[2, 300], Gen.Int[1, 7], Gen.Int[1, 20]);

    [Fact]
    public void The_whole_stream_is_scored_once_but_for_its_first_token()
        => Shapes.Sample(shape =>
        {
            using var data = BatchSamplerTests.Counting(shape.Count);
            var batches = new EvaluationBatches(data, shape.Batch, shape.Context, Ones(shape.Count));

            Assert.Equal(Enumerable.Range(1, shape.Count - 1), Scored(batches).Order());
            Assert.Equal(shape.Count - 1, batches.ScoredTokens);
        });

    [Fact]
    public void Some_batches_are_spread_over_the_stream_and_overlap_nowhere()
        => Gen.Select(Shapes, Gen.Int[1, 5]).Sample((shape, maxBatches) =>
        {
            using var data = BatchSamplerTests.Counting(shape.Count);
            var batches = new EvaluationBatches(data, shape.Batch, shape.Context, Ones(shape.Count), maxBatches);
            var scored = Scored(batches);

            Assert.Equal(scored.Count, scored.Distinct().Count());
            Assert.Equal(batches.ScoredTokens, scored.Count);
            Assert.InRange(batches.BatchCount, 1, maxBatches);
        });

    [Fact]
    public void Few_batches_reach_the_far_end_of_the_stream()
    {
        using var data = BatchSamplerTests.Counting(1001);
        var batches = new EvaluationBatches(data, 2, 10, Ones(1001), maxBatches: 2);

        Assert.Equal([0, 250, 500, 750], Scored(batches).Where(token => token % 10 == 1).Select(token => token - 1));
    }

    [Fact]
    public void Scored_bytes_are_those_of_the_scored_targets()
        => Gen.Select(Shapes, Gen.Int[0, 5]).Sample((shape, maxBatches) =>
        {
            using var data = BatchSamplerTests.Counting(shape.Count);
            int[] bytes = [.. Enumerable.Range(0, shape.Count).Select(token => token % 5)];
            var batches = new EvaluationBatches(data, shape.Batch, shape.Context, bytes, maxBatches);

            Assert.Equal(Scored(batches).Sum(token => bytes[token]), batches.ScoredBytes);
        });

    [Fact]
    public void All_bytes_of_a_stream_that_begins_with_a_separator_are_scored()
    {
        Document[] documents = [new("a", "some text"), new("b", "é and more")];
        using var data = TokenDataset.Encode(documents, text => [.. System.Text.Encoding.UTF8.GetBytes(text).Select(b => (int)b)], 257, 256, 0, TestContext.Current.CancellationToken);
        var batches = new EvaluationBatches(data, 2, 4, [.. Enumerable.Repeat(1, 256), 0]);

        Assert.Equal(data.ByteCount, batches.ScoredBytes);
        Assert.Equal(8.0, batches.BitsPerByte(data.ByteCount * Math.Log(256)), 1e-12);
    }

    [Fact]
    public void Rows_without_a_window_score_nothing()
    {
        using var data = BatchSamplerTests.Counting(6);
        var batches = new EvaluationBatches(data, 2, 4, Ones(6), maxBatches: 0);
        var inputs = new int[8];
        var targets = new int[8];

        Assert.Equal(5, batches.Fill(0, inputs, targets));
        Assert.Equal([0, 1, 2, 3, 4, 0, 0, 0], inputs);
        Assert.Equal([1, 2, 3, 4, 5, -1, -1, -1], targets);
    }

    private static int[] Ones(int count) => [.. Enumerable.Repeat(1, count)];

    private static List<int> Scored(EvaluationBatches batches)
    {
        var inputs = new int[batches.BatchSize * batches.ContextLength];
        var targets = new int[inputs.Length];
        var scored = new List<int>();
        for (var batch = 0; batch < batches.BatchCount; batch++)
        {
            var count = batches.Fill(batch, inputs, targets);
            var ofBatch = targets.Where(target => target >= 0).ToList();
            Assert.Equal(count, ofBatch.Count);
            Assert.All(inputs.Zip(targets).Where(pair => pair.Second >= 0), pair => Assert.Equal(pair.First + 1, pair.Second));
            scored.AddRange(ofBatch);
        }
        return scored;
    }
}
