using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed class AttentionTests : IDisposable
{
    private static readonly Gen<int> Lengths = Gen.OneOf(OneOf(1, 2, 63, 64, 65, 71, 73, 95, 97, 128, 129), Gen.Int[1, 200]);

    private static readonly Gen<AttentionProblem> Problems = Gen.Select(
        Gen.ULong,
        Lengths,
        Gen.OneOf(Gen.Const(0), Gen.Int[0, 130]),
        OneOf((1, 1), (2, 1), (1, 2), (2, 3), (1, 7)),
        OneOf(1, 5, 8, 20, 32, 64, 80, 128),
        Gen.Bool,
        OneOf(0f, 0.3f),
        Gen.Int[1, 3],
        (seed, queries, extra, heads, headSize, causal, dropout, batch) =>
        {
            var keys = queries + extra;
            var problem = AttentionProblem.Create(seed, batch, queries, keys, heads.Item1, heads.Item2, headSize);
            for (var b = 0; b < batch; b++)
            {
                // Some sequences are padded, one of them perhaps to nothing; some queries start early.
                problem.KeyLengths[b] -= (int)(CounterRandom.Uniform(seed, (ulong)b) * 1.3 * keys) * (b % 2);
                problem.KeyLengths[b] = Math.Max(0, problem.KeyLengths[b]);
                problem.QueryOffsets[b] = (int)(CounterRandom.Uniform(seed + 1, (ulong)b) * (extra + 1));
            }
            return problem with { Causal = causal, Dropout = dropout };
        });

    private readonly KernelVariants _variants = new();

    public void Dispose() => _variants.Dispose();

    [Fact]
    public void Every_variant_agrees_with_the_reference()
        => Problems.Sample(
            problem => _variants.Check(problem.AllByReference(), 1e-4, problem.All),
            iter: 25,
            threads: 1,
            print: Print);

    [Theory]
    [InlineData(false, 0f)]
    [InlineData(true, 0f)]
    [InlineData(true, 0.4f)]
    public void Reference_gradients_agree_with_finite_differences(bool causal, float dropout)
    {
        const int HeadSize = 3;
        const int Queries = 5;
        const int Keys = 6;
        int[] visible = [.. Enumerable.Range(0, Queries).Select(i => causal ? i : Keys - 1)]; // row 0 sees nothing
        var query = RandomValues.Normal(1, Queries * HeadSize).ToDoubles();
        var key = RandomValues.Normal(2, Keys * HeadSize).ToDoubles();
        var value = RandomValues.Normal(3, Keys * HeadSize).ToDoubles();
        var outputGradient = RandomValues.Normal(4, Queries * HeadSize).ToDoubles();
        var keep = new double[Queries * Keys];
        for (var i = 0; i < keep.Length; i++)
        {
            keep[i] = CounterRandom.Uniform(5, (ulong)i) < dropout ? 0 : 1 / (1 - dropout);
        }
        var probabilities = new double[Queries * Keys];

        double Loss()
        {
            var output = new double[Queries * HeadSize];
            Attention.Reference.Forward<double>(
                HeadSize, 0.7, visible, query, key, value, keep, probabilities, output, new double[Queries]);
            return RandomValues.Dot(output, outputGradient);
        }

        Loss();
        var queryGradient = new double[query.Length];
        var keyGradient = new double[key.Length];
        var valueGradient = new double[value.Length];
        Attention.Reference.Backward<double>(
            HeadSize, 0.7, visible, query, key, value, keep, probabilities, outputGradient,
            queryGradient, keyGradient, valueGradient);
        FiniteDifferences.Check(Loss, query, queryGradient);
        FiniteDifferences.Check(Loss, key, keyGradient);
        FiniteDifferences.Check(Loss, value, valueGradient);
    }

    [Fact]
    public void A_row_has_the_same_bits_alone_and_among_others()
    {
        foreach (var (groupSize, headSize, offset) in new[] { (1, 32, 0), (2, 20, 61), (3, 8, 130) })
        {
            const int Queries = 70;
            var all = AttentionProblem.Create(7, 2, Queries, Queries + offset, 2, groupSize, headSize) with { Dropout = 0.2f };
            foreach (var team in _variants.All)
            {
                var (output, logSumExp) = all.Forward(team);
                for (var i = 0; i < Queries; i++)
                {
                    // The keys after the row do not exist yet, and the other sequence is not there at all, as in decoding.
                    var alone = Row(all, i);
                    var (rowOutput, rowLogSumExp) = alone.Forward(team);
                    var width = rowOutput.Length;
                    Assert.Equal(output[(i * width)..((i + 1) * width)], rowOutput);
                    for (var head = 0; head < rowLogSumExp.Length; head++)
                    {
                        Assert.Equal(logSumExp[(head * Queries) + i], rowLogSumExp[head]);
                    }
                }
            }
        }
    }

    [Fact]
    public void Causal_attention_ignores_the_future()
    {
        const int Length = 130;
        const int HeadSize = 20;
        const int Past = 67;
        var problem = AttentionProblem.Create(11, 1, Length, Length, 1, 2, HeadSize);
        var changed = problem with { Key = [.. problem.Key], Value = [.. problem.Value] };
        changed.Key.AsSpan(Past * HeadSize).Fill(1e3f);
        changed.Value.AsSpan(Past * HeadSize).Fill(-1e3f);
        foreach (var team in _variants.All)
        {
            var expected = problem.Forward(team).Output;
            var actual = changed.Forward(team).Output;
            const int PastFloats = Past * 2 * HeadSize;
            Assert.Equal(expected.AsSpan(0, PastFloats), actual.AsSpan(0, PastFloats));
            Assert.NotEqual(expected[PastFloats], actual[PastFloats]);
        }
    }

    [Fact]
    public void No_gradient_flows_to_the_future_or_to_padding()
    {
        const int Length = 130;
        const int HeadSize = 20;
        const int Past = 67;
        const int Valid = 40;
        var problem = AttentionProblem.Create(13, 2, Length, Length, 1, 1, HeadSize);
        problem.KeyLengths[1] = Valid;
        problem.OutputGradient.AsSpan(Past * HeadSize, (Length - Past) * HeadSize).Clear(); // only the past is in the loss
        foreach (var team in _variants.All)
        {
            var (output, logSumExp) = problem.Forward(team);
            var (_, key, value) = problem.Backward(team, output, logSumExp);
            foreach (var gradient in new[] { key, value })
            {
                Assert.All(gradient[(Past * HeadSize)..(Length * HeadSize)], x => Assert.Equal(0f, x));
                Assert.All(gradient[((Length + Valid) * HeadSize)..], x => Assert.Equal(0f, x));
                Assert.NotEqual(0f, gradient[(Past * HeadSize) - 1]);
                Assert.NotEqual(0f, gradient[((Length + Valid) * HeadSize) - 1]);
            }
        }
    }

    [Fact]
    public void Without_keys_the_output_is_zero_and_the_log_sum_is_minus_infinity()
    {
        var problem = AttentionProblem.Create(17, 1, 9, 9, 1, 1, 8);
        problem.KeyLengths[0] = 0;
        foreach (var team in _variants.All)
        {
            var (output, logSumExp) = problem.Forward(team);
            Assert.All(output, x => Assert.Equal(0f, x));
            Assert.All(logSumExp, x => Assert.Equal(float.NegativeInfinity, x));
            var (query, key, value) = problem.Backward(team, output, logSumExp);
            Assert.All([.. query, .. key, .. value], x => Assert.Equal(0f, x));
        }
    }

    [Fact]
    public void Log_sum_may_be_left_out()
    {
        var problem = AttentionProblem.Create(19, 1, 33, 33, 1, 1, 8);
        foreach (var team in _variants.All)
        {
            Assert.Equal(problem.Forward(team).Output, problem.Forward(team, wantLogSumExp: false).Output);
        }
    }

    [Fact]
    public void Large_scores_do_not_overflow()
    {
        var problem = AttentionProblem.Create(23, 1, 70, 70, 1, 1, 8);
        var large = problem with { Query = [.. problem.Query.Select(x => 100 * x)] };
        _variants.Check(large.AllByReference(), 2e-2, large.All);
    }

    [Fact]
    public void A_query_that_is_NaN_leaves_the_other_rows_their_bits()
    {
        const int Length = 128; // two pages, of which the second scores higher: every row's maximum grows there
        const int HeadSize = 8;
        var problem = AttentionProblem.Create(25, 1, Length, Length, 1, 1, HeadSize) with { Causal = false };
        problem.Query.AsSpan().Fill(1f);
        problem.Key.AsSpan(0, Length / 2 * HeadSize).Fill(0.1f);
        problem.Key.AsSpan(Length / 2 * HeadSize).Fill(3f);
        foreach (var team in _variants.All)
        {
            var clean = problem.Forward(team).Output;
            for (var row = 0; row < 32; row++)
            {
                var spoilt = problem with { Query = [.. problem.Query] };
                spoilt.Query[row * HeadSize] = float.NaN;
                var output = spoilt.Forward(team).Output;
                Assert.All(output[(row * HeadSize)..((row + 1) * HeadSize)], x => Assert.Equal(float.NaN, x));
                clean.AsSpan(row * HeadSize, HeadSize).CopyTo(output.AsSpan(row * HeadSize));
                Assert.Equal(clean, output);
            }
        }
    }

    [Fact]
    public void Dropout_drops_its_share_and_keeps_the_mean()
    {
        // All keys equal: every probability is 1 / keys, and with values of 1 the output is the kept share times its growth.
        const int Length = 2000;
        var problem = AttentionProblem.Create(29, 1, 1, Length, 1, 1, 1) with { Dropout = 0.25f };
        problem.Key.AsSpan().Clear();
        problem.Value.AsSpan().Fill(1f);
        foreach (var team in _variants.All)
        {
            var output = problem.Forward(team).Output[0];
            Assert.InRange(output, 0.9f, 1.1f);
            Assert.NotEqual(1f, output, 1e-4f);
        }
    }

    [Fact]
    public void Scratch_is_linear_in_the_length()
    {
        var shape = new AttentionShape { Batch = 1, HeadCount = 1, KeyValueHeadCount = 1, HeadSize = 64, QueryLength = 8192, KeyLength = 8192 };
        var half = shape with { QueryLength = 4096, KeyLength = 4096 };
        foreach (var lanes in new[] { 1, 4, 8, 16 })
        {
            Assert.Equal(Attention.ForwardScratchCount(half, lanes), Attention.ForwardScratchCount(shape, lanes));
            Assert.InRange(Attention.ForwardScratchCount(shape, lanes), 1, 50_000);
            Assert.InRange(Attention.BackwardScratchCount(shape, lanes), 1, 8192 * 64 * 5);
        }
    }

    [Fact]
    public void Impossible_head_counts_are_refused()
    {
        var problem = AttentionProblem.Create(31, 1, 1, 1, 2, 1, 1);
        var team = _variants.All.First();
        unsafe
        {
            var shape = new AttentionShape { Batch = 1, HeadCount = 3, KeyValueHeadCount = 2, HeadSize = 1 };
            Assert.Throws<ArgumentException>(() => Attention.Forward(team, shape, null, null, null, 0, null, null, null, null));
        }
        Assert.Equal(problem.Query.Length, problem.Forward(team).Output.Length);
    }

    /// <summary>Query <paramref name="i"/> of the first sequence, with the keys up to its own position only.</summary>
    private static AttentionProblem Row(AttentionProblem all, int i)
    {
        var keys = all.QueryOffsets[0] + i + 1;
        var width = all.KeyValueHeads * all.HeadSize;
        var queryWidth = width * all.GroupSize;
        return all with
        {
            Batch = 1,
            QueryLength = 1,
            KeyLength = keys,
            KeyLengths = [keys],
            QueryOffsets = [keys - 1],
            Query = all.Query[(i * queryWidth)..((i + 1) * queryWidth)],
            Key = all.Key[..(keys * width)],
            Value = all.Value[..(keys * width)],
        };
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static string Print(AttentionProblem p)
        => $"batch {p.Batch}, queries {p.QueryLength}, keys {p.KeyLength} [{string.Join(',', p.KeyLengths)}], "
            + $"offsets [{string.Join(',', p.QueryOffsets)}], key-value heads {p.KeyValueHeads}, group {p.GroupSize}, "
            + $"head size {p.HeadSize}, causal {p.Causal}, dropout {p.Dropout}";
}
