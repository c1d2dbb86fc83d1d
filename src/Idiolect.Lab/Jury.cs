using MathNet.Numerics.Distributions;
using MathNet.Numerics.Statistics;

namespace Idiolect.Lab;

/// <summary>How runs become a verdict.</summary>
internal static class Jury
{
    private const double Level = 0.95;

    /// <summary>
    /// Decides, once as many runs as are wanted have been made: shown or refuted if all of them are on one side of the threshold; undecided if they disagree, or if a control
    /// or a side condition failed in any of them.
    /// </summary>
    internal static Verdict Decide(Protocol protocol, IReadOnlyList<SeedResult> seeds, int wanted)
    {
        if (seeds.Count < wanted || seeds.Any(seed => !double.IsFinite(seed.Value) || !seed.Controls.Concat(seed.Conditions).All(condition => condition.Holds)))
        {
            return Verdict.Undecided;
        }
        var agreeing = seeds.Count(seed => protocol.IsMetBy(seed.Value));
        return agreeing == seeds.Count ? Verdict.Shown : agreeing == 0 ? Verdict.Refuted : Verdict.Undecided;
    }

    /// <summary>Student's interval of 95% for the mean of some runs, each of another seed; null for fewer than two.</summary>
    internal static (double Mean, double Low, double High)? Interval(IReadOnlyList<double> values)
    {
        if (values.Count < 2 || values.Any(value => !double.IsFinite(value)))
        {
            return null;
        }
        var mean = values.Average();
        var half = StudentT.InvCDF(0, 1, values.Count - 1, (1 + Level) / 2) * values.StandardDeviation() / Math.Sqrt(values.Count);
        return (mean, mean - half, mean + half);
    }
}
