namespace Idiolect.Lab.Plots;

/// <summary>One curve, or one set of points.</summary>
/// <param name="Name">What the legend says.</param>
/// <param name="X">The horizontal values.</param>
/// <param name="Y">The vertical values; those that are not finite are left out.</param>
internal sealed record ChartSeries(string Name, double[] X, double[] Y)
{
    /// <summary>The least and the greatest of several runs, like Y.</summary>
    internal (double[] Low, double[] High)? Range { get; init; }

    /// <summary>Whether the points are not joined.</summary>
    internal bool PointsOnly { get; init; }
}

/// <summary>A picture, as data.</summary>
internal sealed record Chart
{
    internal required string Title { get; init; }

    internal required string XLabel { get; init; }

    internal required string YLabel { get; init; }

    internal required IReadOnlyList<ChartSeries> Series { get; init; }

    /// <summary>Whether the axis shows powers; values that are not positive are left out.</summary>
    internal bool LogX { get; init; }

    /// <inheritdoc cref="LogX"/>
    internal bool LogY { get; init; }

    /// <summary>Names for the horizontal positions 0, 1, 2, ...</summary>
    internal IReadOnlyList<string>? Categories { get; init; }

    /// <summary>A horizontal line with its name.</summary>
    internal (double Y, string Name)? Line { get; init; }

    /// <summary>Whether both axes have one scale.</summary>
    internal bool Square { get; init; }

    /// <summary>
    /// The mean of several runs of the same picture, with the range; the first picture where they cannot be averaged. A curve that ended
    /// earlier than another keeps its last value.
    /// </summary>
    internal static Chart Mean(IReadOnlyList<Chart> charts)
    {
        var first = charts[0];
        if (charts.Count == 1 || first.Square || charts.Any(chart => chart.Series.Count != first.Series.Count))
        {
            return first;
        }
        var series = first.Series.Select((_, i) => Mean([.. charts.Select(chart => chart.Series[i])])).ToArray();
        return series.Contains(null) ? first : first with { Series = series! };
    }

    /// <summary>Null where the curves do not run over the same horizontal values.</summary>
    private static ChartSeries? Mean(ChartSeries[] runs)
    {
        var x = runs.MaxBy(run => run.X.Length)!.X;
        if (runs.Any(run => run.X.Length == 0 || !run.X.AsSpan().SequenceEqual(x.AsSpan(0, run.X.Length))))
        {
            return null;
        }
        double[] At(Func<double[], double> pick) => [.. x.Select((_, i) => pick([.. runs.Select(run => run.Y[Math.Min(i, run.Y.Length - 1)])]))];
        return runs[0] with { X = x, Y = At(values => values.Average()), Range = (At(values => values.Min()), At(values => values.Max())) };
    }
}
