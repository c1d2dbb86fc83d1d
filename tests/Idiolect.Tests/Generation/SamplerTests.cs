using CsCheck;
using Idiolect.Generation;

namespace Idiolect.Tests.Generation;

public sealed class SamplerTests
{
    private static readonly Gen<float[]> Logits = Gen.Int[-40, 40].Select(i => i / 8f).Array[1, 40]; // with ties

    [Fact]
    public void Temperature_0_takes_the_likeliest_and_the_smaller_id_of_equals() => Logits.Sample(logits =>
    {
        var chosen = Chooser(new GenerationOptions { Temperature = 0 }).Next([], logits.ToArray());
        Assert.Equal(Array.IndexOf(logits, logits.Max()), chosen);
    });

    [Fact]
    public void Top_k_top_p_and_min_p_keep_exactly_the_right_tokens() => Gen.Select(
        Gen.Int[-40, 40].Select(i => i / 8f).Array[1, 8], Gen.Int[0, 9], Gen.OneOf(0.3f, 0.5f, 0.8f, 1f), Gen.OneOf(0f, 0.1f, 0.4f)).Sample(
        (logits, topK, topP, minP) =>
        {
            var options = new GenerationOptions { Temperature = 1.5f, TopK = topK, TopP = topP, MinP = minP, Seed = 9 };
            var sampler = Chooser(options);
            var seen = Enumerable.Range(0, 3000).Select(_ => sampler.Next([], logits.ToArray())).ToHashSet();
            var (certain, possible) = Kept(logits, options);
            Assert.True(seen.IsSubsetOf(possible), "A token was drawn that should have been cut.");
            Assert.True(certain.IsSubsetOf(seen), "A token was never drawn that should have been kept.");
        }, iter: 200);

    [Fact]
    public void Frequencies_follow_the_probabilities()
    {
        float[] logits = [0f, 1f, 2f, -1f, 0.5f];
        const double Temperature = 0.7;
        const int Draws = 20_000;
        var sampler = Chooser(new GenerationOptions { Temperature = (float)Temperature, Seed = 4 });
        var counts = new int[logits.Length];
        for (var i = 0; i < Draws; i++)
        {
            counts[sampler.Next([], logits.ToArray())]++;
        }
        var weights = logits.Select(l => Math.Exp(l / Temperature)).ToArray();
        var chiSquare = counts.Zip(weights, (count, weight) =>
        {
            var expected = Draws * weight / weights.Sum();
            return (count - expected) * (count - expected) / expected;
        }).Sum();
        Assert.InRange(chiSquare, 0, 18.5); // 4 degrees of freedom: exceeded once in a thousand seeds
    }

    [Fact]
    public void The_same_seed_and_sample_draw_the_same() => Assert.Equal(Draw(seed: 3, sample: 1), Draw(seed: 3, sample: 1));

    [Fact]
    public void Another_seed_draws_others() => Assert.NotEqual(Draw(seed: 3, sample: 1), Draw(seed: 4, sample: 1));

    [Fact]
    public void Another_sample_draws_others() => Assert.NotEqual(Draw(seed: 3, sample: 1), Draw(seed: 3, sample: 2));

    [Theory]
    [InlineData(1f, 2)] // 3, 2 and -1 stay: the seen 0 is the likeliest
    [InlineData(2f, 1)]
    public void The_repetition_penalty_makes_what_was_seen_less_likely(float penalty, int expected)
    {
        var sampler = Chooser(new GenerationOptions { Temperature = 0, RepetitionPenalty = penalty });
        Assert.Equal(expected, sampler.Next([2, 2], [-1f, 2f, 3f]));
    }

    [Fact]
    public void The_repetition_penalty_lowers_negative_scores_too()
    {
        var sampler = Chooser(new GenerationOptions { Temperature = 0, RepetitionPenalty = 2f });
        Assert.Equal(1, sampler.Next([0], [-1f, -1.5f]));
    }

    [Theory]
    [InlineData(0f, float.NaN)]
    [InlineData(1f, float.NaN)]
    [InlineData(0f, float.PositiveInfinity)]
    [InlineData(1f, float.PositiveInfinity)]
    public void Scores_that_are_not_finite_are_refused(float temperature, float bad)
    {
        var sampler = Chooser(new GenerationOptions { Temperature = temperature });
        Assert.Throws<InvalidDataException>(() => sampler.Next([], [1f, bad, 2f]));
    }

    private static TokenChooser Chooser(GenerationOptions options, int sample = 0) => new(options, promptLength: 0, prompt: 0, sample);

    private static int[] Draw(ulong seed, int sample)
    {
        var sampler = Chooser(new GenerationOptions { Temperature = 1, Seed = seed }, sample);
        return [.. Enumerable.Range(0, 50).Select(_ => sampler.Next([], new float[100]))];
    }

    /// <summary>The naive rule in double: tokens that must be drawn often enough to be seen, and tokens that may be drawn.</summary>
    private static (HashSet<int> Certain, HashSet<int> Possible) Kept(float[] logits, GenerationOptions options)
    {
        const double Margin = 1e-5; // for tokens that float rounding may put on either side
        var weights = logits.Select(l => Math.Exp((l - logits.Max()) / options.Temperature)).ToArray();
        var ranked = Enumerable.Range(0, logits.Length).OrderByDescending(id => weights[id]).ThenBy(id => id).ToArray();
        return (Cut(+Margin, 0.01), Cut(-Margin, 0));

        HashSet<int> Cut(double margin, double rarest)
        {
            var kept = ranked.Where(id => weights[id] >= options.MinP + margin || (options.MinP == 0)).ToArray();
            kept = options.TopK > 0 ? [.. kept.Take(options.TopK)] : kept;
            var total = kept.Sum(id => weights[id]);
            var result = new HashSet<int>();
            var sum = 0.0;
            foreach (var id in kept)
            {
                if (options.TopP < 1 && sum / Math.Max(total, 1e-300) >= options.TopP - margin)
                {
                    break;
                }
                sum += weights[id];
                if (weights[id] / total >= rarest)
                {
                    result.Add(id);
                }
            }
            return result;
        }
    }
}
