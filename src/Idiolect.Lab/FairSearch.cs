using System.Globalization;

namespace Idiolect.Lab;

/// <summary>One dial of a search.</summary>
/// <param name="Name">What it is, for the report.</param>
/// <param name="Values">What is tried at first, in ascending order; with equal ratios, by which the grid is extended.</param>
/// <param name="Extends">Whether it has values beyond: a rate has, a kind of initialisation has not.</param>
internal sealed record Dial(string Name, double[] Values, bool Extends = true);

/// <summary>What one setting gave.</summary>
/// <param name="Result">What the experiment keeps of it.</param>
/// <param name="Quality">On data that the verdict never sees; higher is better, not a number is worst.</param>
/// <param name="IsTrainedOut">Whether more steps would hardly help (see <see cref="Models.LearningCurve.IsTrainedOut"/>); null where the claim does not ask, and then no control says so.</param>
internal sealed record Trial<T>(T Result, double Quality, bool? IsTrainedOut = null);

/// <summary>The setting of an arm that a search chose.</summary>
/// <param name="Arm">The name of the arm.</param>
/// <param name="Result">What the experiment keeps of it.</param>
/// <param name="Setting">The values of the dials.</param>
/// <param name="Controls">That it lies within the grid, and that it is trained out: else nothing is decided.</param>
internal sealed record Chosen<T>(string Arm, T Result, double[] Setting, IReadOnlyList<Condition> Controls);

/// <summary>
/// Gives each arm of a comparison its own settings, from equally many trials: all arms try the same grid; if the best of any arm lies at an edge,
/// the grid is extended there for all, twice at most.
/// </summary>
internal static class FairSearch
{
    private const int MostExtensions = 2;

    /// <summary>Searches.</summary>
    /// <param name="arms">What is compared.</param>
    /// <param name="dials">What is searched; an arm that has no use for a dial tries it all the same.</param>
    /// <param name="run">Runs some trials: the number of an arm, and the values of the dials.</param>
    /// <param name="isProof">Whether edges and plateaus are looked at; a quick run has neither.</param>
    /// <param name="tie">Qualities that differ by less are equal; of equals the one furthest from an edge is taken.</param>
    internal static IReadOnlyList<Chosen<T>> Run<T>(
        IReadOnlyList<string> arms, IReadOnlyList<Dial> dials, Func<IReadOnlyList<(int Arm, double[] Setting)>, IReadOnlyList<Trial<T>>> run, bool isProof, double tie = 0)
    {
        var grid = dials.Select(dial => dial.Values.ToList()).ToArray();
        var trials = new List<(int Arm, double[] Setting, Trial<T> Trial)>();
        var extensions = new int[dials.Count];
        while (true)
        {
            var missing = (from arm in Enumerable.Range(0, arms.Count)
                           from setting in Settings(grid)
                           where !trials.Any(trial => trial.Arm == arm && trial.Setting.AsSpan().SequenceEqual(setting))
                           select (Arm: arm, Setting: setting)).ToArray();
            trials.AddRange(missing.Zip(run(missing), (setting, trial) => (setting.Arm, setting.Setting, trial)));
            var best = Enumerable.Range(0, arms.Count).Select(arm => Best([.. trials.Where(trial => trial.Arm == arm)], grid, dials, tie)).ToArray();
            var hasGrown = false;
            for (var dial = 0; isProof && dial < dials.Count; dial++)
            {
                var values = grid[dial];
                var (low, high) = (best.Any(each => Edge(each.Setting, dial) < 0), best.Any(each => Edge(each.Setting, dial) > 0));
                if ((low || high) && extensions[dial] < MostExtensions)
                {
                    extensions[dial]++;
                    hasGrown = true;
                    if (low)
                    {
                        values.Insert(0, values[0] * values[0] / values[1]);
                    }
                    if (high)
                    {
                        values.Add(values[^1] * values[^1] / values[^2]);
                    }
                }
            }
            if (!hasGrown)
            {
                return [.. best.Select((each, arm) => new Chosen<T>(arms[arm], each.Trial.Result, each.Setting, isProof ? Controls(arm, each.Setting, each.Trial) : []))];
            }
        }

        int Edge(double[] setting, int dial) => Side(setting[dial], grid[dial], dials[dial]);

        Condition[] Controls(int arm, double[] setting, Trial<T> trial) =>
        [
            .. dials.Select((dial, i) => new Condition(
                string.Create(CultureInfo.InvariantCulture, $"{arms[arm]}: {dial.Name} {setting[i]:G3} lies within those tried ({grid[i][0]:G3} to {grid[i][^1]:G3})"),
                Edge(setting, i) == 0)),
            .. trial.IsTrainedOut is { } isTrainedOut ? (Condition[])[new Condition($"{arms[arm]}: less than 1% better in the last fifth of its steps", isTrainedOut)] : [],
        ];
    }

    private static IEnumerable<double[]> Settings(List<double>[] grid)
        => grid.Aggregate<List<double>, IEnumerable<double[]>>([[]], (settings, values) => settings.SelectMany(setting => values.Select(value => (double[])[.. setting, value])));

    private static (double[] Setting, Trial<T> Trial) Best<T>(
        (int Arm, double[] Setting, Trial<T> Trial)[] trials, List<double>[] grid, IReadOnlyList<Dial> dials, double tie)
    {
        static double Rank(Trial<T> trial) => double.IsNaN(trial.Quality) ? double.NegativeInfinity : trial.Quality;
        var most = trials.Max(trial => Rank(trial.Trial));
        var best = trials.Where(trial => Rank(trial.Trial) >= most - tie)
            .OrderBy(trial => Enumerable.Range(0, dials.Count).Count(dial => Side(trial.Setting[dial], grid[dial], dials[dial]) != 0))
            .ThenByDescending(trial => Rank(trial.Trial)).First();
        return (best.Setting, best.Trial);
    }

    /// <summary>-1 at the lower edge, 1 at the upper one, 0 within, and where there is nothing beyond.</summary>
    private static int Side(double value, List<double> values, Dial dial)
        => !dial.Extends || values.Count < 2 ? 0 : value == values[0] ? -1 : value == values[^1] ? 1 : 0;
}
