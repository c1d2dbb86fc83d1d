namespace Idiolect.Lab.Plots;

/// <summary>One curve, or one set of points.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="X">The horizontal values.</param>
/// <param name="Y">The vertical values; those that are not finite are left out.</param>
internal sealed record ChartSeries(string Name, double[] X, double[] Y)
{
    /// <summary>The runs of which Y is the mean, each with its own X and Y; none for a single run.</summary>
    public IReadOnlyList<(double[] X, double[] Y)> Runs { get; init; } = [];

    /// <summary>Whether the points are not joined.</summary>
    public bool PointsOnly { get; init; }
}

/// <summary>A picture, as data.</summary>
internal sealed record Chart
{
    public required string Title { get; init; }

    public required string XLabel { get; init; }

    public required string YLabel { get; init; }

    public required IReadOnlyList<ChartSeries> Series { get; init; }

    /// <summary>Whether the axis shows powers; values that are not positive are left out.</summary>
    public bool LogX { get; init; }

    /// <inheritdoc cref="LogX"/>
    public bool LogY { get; init; }

    /// <summary>Names for the horizontal positions 0, 1, 2, ...</summary>
    public IReadOnlyList<string>? Categories { get; init; }

    /// <summary>Where the horizontal axis has its ticks, such as at the values measured; null leaves it to the axis.</summary>
    public IReadOnlyList<double>? XTicks { get; init; }

    /// <summary>A horizontal line with its name.</summary>
    public (double Y, string Name)? Line { get; init; }

    /// <summary>Whether both axes have one scale.</summary>
    public bool Square { get; init; }

    /// <summary>Whether a mean would show what no run did, as where each run has its step at another time: then the runs alone are drawn.</summary>
    public bool RunsAlone { get; init; }

    /// <summary>
    /// Several runs of the same picture in one: each as a thin line, and their mean where all of them have a value. The first picture where they have not the same series.
    /// </summary>
    internal static Chart Overlay(IReadOnlyList<Chart> charts)
    {
        var first = charts[0];
        return charts.Count == 1 || first.Square || charts.Any(chart => chart.Series.Count != first.Series.Count)
            ? first
            : first with { Series = [.. first.Series.Select((_, i) => Overlay([.. charts.Select(chart => chart.Series[i])]))] };
    }

    private static ChartSeries Overlay(ChartSeries[] runs)
    {
        // Where every run has a value: one that ended earlier, or has none there, is not filled in.
        var common = Enumerable.Range(0, runs.Min(run => run.X.Length))
            .Where(i => runs.All(run => run.X[i] == runs[0].X[i] && double.IsFinite(run.Y[i]))).ToArray();
        var x = Array.ConvertAll(common, i => runs[0].X[i]);
        var mean = Array.ConvertAll(common, i => runs.Average(run => run.Y[i]));
        return runs[0] with { X = x, Y = mean, Runs = [.. runs.Select(run => (run.X, run.Y))] };
    }
}
