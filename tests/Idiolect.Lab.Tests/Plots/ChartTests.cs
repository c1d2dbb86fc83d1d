using Idiolect.Lab.Plots;

namespace Idiolect.Lab.Tests.Plots;

public sealed class ChartTests
{
    [Fact]
    public void The_mean_of_runs_has_their_range()
    {
        var mean = Chart.Mean([Curve([1, 2], [3, 4]), Curve([1, 2], [5, 8])]);

        var series = Assert.Single(mean.Series);
        Assert.Equal([4, 6], series.Y);
        Assert.Equal([3, 4], series.Range!.Value.Low);
        Assert.Equal([5, 8], series.Range!.Value.High);
    }

    [Fact]
    public void A_run_that_ended_earlier_keeps_its_last_value()
    {
        var mean = Chart.Mean([Curve([1, 2], [3, 4]), Curve([1, 2, 3], [5, 8, 10])]);

        var series = Assert.Single(mean.Series);
        Assert.Equal([1, 2, 3], series.X);
        Assert.Equal([4, 6, 7], series.Y);
    }

    [Fact]
    public void Runs_over_other_values_are_not_averaged()
    {
        var first = Curve([1, 2], [3, 4]);

        Assert.Same(first, Chart.Mean([first, Curve([1, 3], [5, 8])]));
    }

    private static Chart Curve(double[] x, double[] y) => new() { Title = "curve", XLabel = "x", YLabel = "y", Series = [new("run", x, y)] };
}
