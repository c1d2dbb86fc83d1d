using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Idiolect.Lab.Plots;

/// <summary>
/// Draws a chart as SVG and PNG. Curves differ in brightness and markers, so that they differ in grey too; Skia's SVG knows no dashes.
/// </summary>
internal static class ChartDrawing
{
    private const int Width = 1000;
    private const int Height = 620;

    // From Okabe and Ito's palette, which people with any colour vision tell apart.
    private static readonly Color[] Colors =
    [
        Color.FromHex("#000000"), Color.FromHex("#0072B2"), Color.FromHex("#D55E00"), Color.FromHex("#009E73"), Color.FromHex("#CC79A7"),
        Color.FromHex("#E69F00"), Color.FromHex("#56B4E9"), Color.FromHex("#777777"),
    ];

    private static readonly MarkerShape[] Markers =
    [
        MarkerShape.FilledCircle, MarkerShape.FilledSquare, MarkerShape.FilledTriangleUp, MarkerShape.FilledDiamond, MarkerShape.OpenCircle,
        MarkerShape.OpenSquare, MarkerShape.OpenTriangleUp, MarkerShape.Cross,
    ];

    /// <summary>Writes <c>path.svg</c> and <c>path.png</c>.</summary>
    internal static void Save(Chart chart, string path) => PlotFiles.Save(() => Draw(chart), path, Width, Height);

    private static Plot Draw(Chart chart)
    {
        var plot = new Plot();
        for (var i = 0; i < chart.Series.Count; i++)
        {
            Add(plot, chart, chart.Series[i], i);
        }
        if (chart.Line is { } reference && (!chart.LogY || reference.Y > 0))
        {
            var line = plot.Add.HorizontalLine(chart.LogY ? Math.Log10(reference.Y) : reference.Y);
            line.LineColor = Color.FromHex("#999999");
            line.LineWidth = 1.5f;
            line.LegendText = reference.Name;
        }
        plot.Title(chart.Title, size: 20);
        plot.XLabel(chart.XLabel, size: 18);
        plot.YLabel(chart.YLabel, size: 18);
        plot.Axes.Bottom.TickLabelStyle.FontSize = 15;
        plot.Axes.Left.TickLabelStyle.FontSize = 15;
        plot.Grid.MajorLineColor = ScottPlot.Colors.Black.WithAlpha(0.1);
        if (chart.Categories is { } names)
        {
            plot.Axes.Bottom.TickGenerator = new NumericManual([.. names.Select((_, i) => (double)i)], [.. names]);
        }
        if (chart.XTicks is { } ticks)
        {
            plot.Axes.Bottom.TickGenerator = new NumericManual(
                [.. ticks.Select(tick => chart.LogX ? Math.Log10(tick) : tick)], [.. ticks.Select(tick => tick.ToString("#,0.####", CultureInfo.InvariantCulture))]);
        }
        else if (chart.LogX)
        {
            plot.Axes.Bottom.TickGenerator = Powers(chart.Series.SelectMany(series => series.X));
        }
        if (chart.LogY)
        {
            plot.Axes.Left.TickGenerator = Powers(chart.Series.SelectMany(series => series.Y));
        }
        plot.Legend.FontSize = 15;
        plot.ShowLegend(Edge.Right);
        if (chart.Square)
        {
            plot.Axes.SquareUnits();
        }
        plot.Axes.AutoScale();
        return plot;
    }

    private static void Add(Plot plot, Chart chart, ChartSeries series, int index)
    {
        var color = Colors[index % Colors.Length];
        foreach (var (runX, runY) in series.Runs)
        {
            var (x, y) = Shown(chart, runX, runY);
            var run = plot.Add.Scatter(x, y, color.WithAlpha(chart.RunsAlone ? 0.9 : 0.35));
            run.LineWidth = series.PointsOnly ? 0 : 1;
            run.MarkerSize = series.PointsOnly ? 5 : 0;
            run.MarkerShape = Markers[index % Markers.Length];
            if (chart.RunsAlone)
            {
                AddMarkers(plot, x, y, index, color, legend: null);
            }
        }
        var mean = chart.RunsAlone && series.Runs.Count > 0 ? ([], []) : Shown(chart, series.X, series.Y);
        var scatter = plot.Add.Scatter(mean.X, mean.Y, color);
        scatter.LineWidth = series.PointsOnly ? 0 : 1.5f + (index % 2);
        scatter.MarkerSize = 0;
        AddMarkers(plot, mean.X, mean.Y, index, color, series.Name);
    }

    /// <summary>Markers on some points of a long curve, not on the same ones as its neighbour's.</summary>
    private static void AddMarkers(Plot plot, double[] x, double[] y, int index, Color color, string? legend)
    {
        var every = Math.Max(1, x.Length / 20);
        var marked = Enumerable.Range(0, x.Length).Where(i => (i + index) % every == 0).ToArray();
        var markers = plot.Add.ScatterPoints(Array.ConvertAll(marked, i => x[i]), Array.ConvertAll(marked, i => y[i]), color);
        markers.MarkerSize = 9;
        markers.MarkerShape = Markers[index % Markers.Length];
        if (legend is not null)
        {
            markers.LegendText = legend;
        }
    }

    /// <summary>The points that there are, as logarithms where an axis shows powers.</summary>
    private static (double[] X, double[] Y) Shown(Chart chart, double[] x, double[] y)
    {
        var shown = Enumerable.Range(0, x.Length).Where(i => IsShown(x[i], chart.LogX) && IsShown(y[i], chart.LogY)).ToArray();
        double[] Scaled(double[] values, bool log) => [.. shown.Select(i => log ? Math.Log10(values[i]) : values[i])];
        return (Scaled(x, chart.LogX), Scaled(y, chart.LogY));
    }

    private static bool IsShown(double value, bool log) => double.IsFinite(value) && (!log || value > 0);

    /// <summary>Marks at powers of ten, at 2 and 5 between where there are few.</summary>
    private static NumericManual Powers(IEnumerable<double> values)
    {
        var logs = values.Where(value => IsShown(value, log: true)).Select(Math.Log10).DefaultIfEmpty(0).ToArray();
        var (first, last) = ((int)Math.Floor(logs.Min()), (int)Math.Ceiling(logs.Max()));
        double[] digits = logs.Max() - logs.Min() < 0.5 ? [1, 1.2, 1.4, 1.6, 1.8, 2, 2.2, 2.4, 2.6, 2.8, 3, 3.5, 4, 5, 6, 7, 8, 9] : last - first <= 3 ? [1, 2, 5] : [1];
        var every = Math.Max(1, (last - first) / 8);
        var ticks = new NumericManual();
        for (var power = first; power <= last; power += every)
        {
            foreach (var digit in digits)
            {
                var label = power is >= -3 and <= 5
                    ? (digit * Math.Pow(10, power)).ToString("0.#####", CultureInfo.InvariantCulture)
                    : string.Create(CultureInfo.InvariantCulture, $"{digit}e{power}");
                ticks.AddMajor(power + Math.Log10(digit), label);
            }
        }
        return ticks;
    }
}
