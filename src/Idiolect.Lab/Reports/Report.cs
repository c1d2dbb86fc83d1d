using System.Globalization;
using System.Net;

namespace Idiolect.Lab.Reports;

/// <summary>The words that both reports use.</summary>
internal static class Report
{
    internal static string Number(double value) => double.IsNaN(value) ? "none" : value.ToString(
        Math.Abs(value) is >= 1e5 or (> 0 and < 1e-3) ? "0.##e+0" : "0.####", CultureInfo.InvariantCulture);

    internal static string Seconds(double seconds) => seconds.ToString("0", CultureInfo.InvariantCulture) + " s";

    internal static string Rule(Protocol protocol) => $"{(protocol.Side == Side.AtLeast ? "at least" : "at most")} {Number(protocol.Threshold)}";

    internal static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Shown => "shown",
        Verdict.Refuted => "refuted",
        _ => "undecided",
    };

    /// <summary>The facts of a section, in the order of reading.</summary>
    internal static IEnumerable<(string Name, string Text)> Facts(Protocol protocol, ExperimentResult result)
    {
        yield return ("Claim", protocol.Claim);
        yield return ("Essay", protocol.Essay);
        yield return ("Paper", protocol.Paper);
        yield return ("Set-up", protocol.Setup);
        yield return ("Decides", $"{protocol.Measure}: {Rule(protocol)}");
        if (protocol.Correction is { } correction)
        {
            yield return ("Where the essay is loose", correction);
        }
        foreach (var change in protocol.Changes)
        {
            yield return ("Changed after the first full run", change);
        }
        var quick = result.Quick ? "; a quick run of one seed at a cut-down size, which proves nothing" : "";
        var interval = Jury.Interval([.. result.Seeds.Select(seed => seed.Value)]) is { } found
            ? $"; mean {Number(found.Mean)}, Student's interval of 95% from {Number(found.Low)} to {Number(found.High)}" : "";
        yield return ("Verdict", $"{Word(result.Verdict)}, median {Number(result.Value)}{interval} ({Seconds(result.Seconds)}{quick})");
    }

    /// <summary>What each seed saw, a line each.</summary>
    internal static IEnumerable<string> SeedLines(ExperimentResult result)
    {
        foreach (var seed in result.Seeds)
        {
            yield return $"seed {seed.Seed}: {Number(seed.Value)}";
            foreach (var condition in seed.Controls)
            {
                yield return $"seed {seed.Seed}, control {(condition.Holds ? "passed" : "failed")}: {condition.Text}";
            }
            foreach (var condition in seed.Conditions)
            {
                yield return $"seed {seed.Seed}, condition {(condition.Holds ? "met" : "not met")}: {condition.Text}";
            }
        }
        foreach (var figures in result.Seeds.SelectMany(seed => seed.Figures).GroupBy(figure => figure.Name))
        {
            yield return $"{figures.Key}: {string.Join(", ", figures.Select(figure => Number(figure.Value)))}";
        }
    }

    internal static string Escape(string text) => WebUtility.HtmlEncode(text);
}
