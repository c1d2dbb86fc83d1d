using Idiolect.Lab.Plots;

namespace Idiolect.Lab.Tests.Plots;

public sealed class ChartTests
{
    [Fact]
    public void Runs_are_kept_beside_their_mean()
    {
        var series = Assert.Single(Chart.Overlay([Curve([1, 2], [3, 4]), Curve([1, 2], [5, 8])]).Series);

        Assert.Equal([1, 2], series.X);
        Assert.Equal([4, 6], series.Y);
        Assert.Equal([[3, 4], [5, 8]], series.Runs.Select(run => run.Y));
    }

    [Fact]
    public void There_is_no_mean_where_a_run_has_no_value()
    {
        var series = Assert.Single(Chart.Overlay([Curve([1, 2, 3], [3, double.NaN, 4]), Curve([1, 2, 3, 4], [5, 8, 10, 12]), Curve([1, 2, 3, 4], [1, 1, 1, 1])]).Series);

        Assert.Equal([1, 3], series.X);
        Assert.Equal([3, 5], series.Y);
        Assert.Equal([3, 4, 4], series.Runs.Select(run => run.X.Length));
    }

    [Fact]
    public void Runs_over_other_values_have_no_mean()
    {
        var series = Assert.Single(Chart.Overlay([Curve([1, 2], [3, 4]), Curve([1, 3], [5, 8])]).Series);

        Assert.Equal([1], series.X);
        Assert.Equal([[1, 2], [1, 3]], series.Runs.Select(run => run.X));
    }

    [Fact]
    public void Runs_of_other_pictures_are_not_mixed()
    {
        var first = Curve([1], [2]);

        Assert.Same(first, Chart.Overlay([first]));
        Assert.Same(first, Chart.Overlay([first, first with { Series = [] }]));
    }

    private static Chart Curve(double[] x, double[] y) => new() { Title = "curve", XLabel = "x", YLabel = "y", Series = [new("run", x, y)] };
}
