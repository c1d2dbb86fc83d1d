using Idiolect.Generation;
using Idiolect.Models;

namespace Idiolect.Tests.Generation;

public sealed class BeamSearchTests
{
    private const int Mark = 0;

    [Fact]
    public void Two_beams_find_what_greed_misses()
    {
        // After the mark: 1 with probability .6, 2 with .4. After 1 all is uncertain; after 2 the end is certain.
        var table = new Dictionary<string, float[]>
        {
            [""] = [0.0001f, 0.6f, 0.4f],
            ["1"] = [0.34f, 0.33f, 0.33f],
            ["2"] = [0.98f, 0.01f, 0.01f],
        };
        Assert.Equal([1], Search(table, beams: 1, lengthPenalty: 0));
        Assert.Equal([2], Search(table, beams: 2, lengthPenalty: 0));
    }

    [Fact]
    public void The_length_penalty_lets_longer_targets_win()
    {
        // "1" ends with .5 * .5 = .25 in all; "2 2 2" with .5 * .7 * .7 * .9 = .22.
        var table = new Dictionary<string, float[]>
        {
            [""] = [0.0001f, 0.5f, 0.5f],
            ["1"] = [0.5f, 0.25f, 0.25f],
            ["2"] = [0.01f, 0.29f, 0.7f],
            ["2 2"] = [0.01f, 0.29f, 0.7f],
            ["2 2 2"] = [0.9f, 0.05f, 0.05f],
        };
        float[] otherwise = [1e-9f, 0.5f, 0.5f]; // nothing else ends
        Assert.Equal([1], Search(table, beams: 3, lengthPenalty: 0, otherwise: otherwise));
        Assert.Equal([2, 2, 2], Search(table, beams: 3, lengthPenalty: 1, otherwise: otherwise));
    }

    [Fact]
    public void A_beam_that_holds_everything_finds_the_likeliest_target_of_all()
    {
        var random = new Random(4);
        for (var trial = 0; trial < 20; trial++)
        {
            var table = new Dictionary<string, float[]>();
            Fill("", 0);
            Assert.Equal(Likeliest(table, "", 1, 0).Text, string.Join(' ', Search(table, beams: 30, lengthPenalty: 0, maximumLength: 4)));

            void Fill(string text, int depth)
            {
                table[text] = [.. Enumerable.Range(0, 3).Select(_ => (float)random.NextDouble() + 0.01f)];
                if (depth < 3)
                {
                    Fill(Join(text, 1), depth + 1);
                    Fill(Join(text, 2), depth + 1);
                }
                else
                {
                    table[text] = [1f, 1e-9f, 1e-9f];
                }
            }
        }
    }

    [Fact]
    public void A_target_that_does_not_end_is_cut_off()
        => Assert.Equal([1, 1, 1], Search(new() { [""] = [1e-9f, 1f, 0.5f] }, beams: 2, lengthPenalty: 0.6, maximumLength: 3, otherwise: [1e-9f, 1f, 0.5f]));

    [Fact]
    public void Several_sources_do_not_disturb_each_other()
    {
        Dictionary<string, float[]>[] tables =
        [
            new() { [""] = [0.01f, 0.9f, 0.1f], ["1"] = [0.9f, 0.1f, 0.1f] },
            new() { [""] = [0.01f, 0.1f, 0.9f], ["2"] = [0.1f, 0.1f, 0.9f], ["2 2"] = [0.9f, 0.1f, 0.1f] },
            new() { [""] = [0.9f, 0.1f, 0.1f] },
        ];
        var found = new BeamSearch(new TranslationOptions { Beams = 2, LengthPenalty = 0 }, 3, Mark)
            .Run(new Table(tables, 2, [0.9f, 0.05f, 0.05f]), 3, 10, new Lock(), TestContext.Current.CancellationToken);
        Assert.Equal([[1], [2, 2], []], found);
    }

    [Fact]
    public void Scores_that_are_not_finite_are_refused()
        => Assert.ThrowsAny<Exception>(() => Search(new() { [""] = [float.NaN, float.NaN, float.NaN] }, 1, 0));

    private static int[] Search(
        Dictionary<string, float[]> table, int beams, double lengthPenalty, int maximumLength = 10, float[]? otherwise = null)
        => new BeamSearch(new TranslationOptions { Beams = beams, LengthPenalty = lengthPenalty }, 3, Mark)
            .Run(new Table([table], beams, otherwise ?? [0.9f, 0.05f, 0.05f]), 1, maximumLength, new Lock(), TestContext.Current.CancellationToken)[0];

    private static (string Text, double Probability) Likeliest(Dictionary<string, float[]> table, string text, double probability, int depth)
    {
        var row = table[text];
        var sum = row.Sum(x => (double)x);
        var best = (text, probability * row[Mark] / sum);
        for (var token = 1; token < 3 && depth < 3; token++)
        {
            var longer = Likeliest(table, Join(text, token), probability * row[token] / sum, depth + 1);
            best = longer.Probability > best.Item2 ? longer : best;
        }
        return best;
    }

    private static string Join(string text, int token) => text.Length == 0 ? $"{token}" : $"{text} {token}";

    /// <summary>A model that is a table of probabilities by what is written.</summary>
    private sealed class Table(Dictionary<string, float[]>[] tables, int beams, float[] otherwise) : IDecoding
    {
        private string[] _written = [.. Enumerable.Repeat("", tables.Length * beams)];
        private bool _begun;

        public void Advance(ReadOnlySpan<int> tokens, ReadOnlySpan<int> parents, Span<float> logits)
        {
            var next = new string[_written.Length];
            for (var row = 0; row < next.Length; row++)
            {
                Assert.Equal(row / beams, parents[row] / beams); // nobody continues another source
                next[row] = _begun ? Join(_written[parents[row]], tokens[row]) : "";
                var probabilities = tables[row / beams].GetValueOrDefault(next[row], otherwise);
                for (var token = 0; token < 3; token++)
                {
                    logits[(row * 3) + token] = MathF.Log(probabilities[token]) + 2.5f; // any constant may be added
                }
            }
            (_written, _begun) = (next, true);
        }

        public void Dispose()
        {
        }
    }
}
