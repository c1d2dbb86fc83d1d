using Idiolect.Lab.Models;

namespace Idiolect.Lab.Tests;

/// <summary>Every arm gets equally many trials, and what is not decided by them is said.</summary>
public sealed class FairSearchTests
{
    private static readonly Dial Rate = new("learning rate", [1e-3, 3e-3, 9e-3]);

    [Fact]
    public void The_best_setting_of_each_arm_is_chosen_by_quality()
    {
        var chosen = Search([Rate], (arm, setting) => -Math.Abs(Math.Log(setting[0] / 3e-3)), out var trials);

        Assert.All(chosen, each => Assert.Equal(3e-3, each.Setting[0]));
        Assert.Equal(["a", "b"], chosen.Select(each => each.Arm));
        Assert.Equal([3, 3], trials);
        Assert.All(chosen, each => Assert.All(each.Controls, control => Assert.True(control.Holds)));
    }

    [Fact]
    public void A_grid_is_extended_for_all_arms_where_one_is_best_at_its_edge()
    {
        var chosen = Search([Rate], (arm, setting) => -Math.Abs(Math.Log(setting[0] / (arm == 0 ? 3e-3 : 27e-3))), out var trials);

        Assert.Equal([3e-3, 27e-3], chosen.Select(each => Math.Round(each.Setting[0], 9)));
        Assert.Equal([5, 5], trials); // 27e-3 was the edge once more, so 81e-3 was tried
        Assert.All(chosen, each => Assert.All(each.Controls, control => Assert.True(control.Holds)));
    }

    [Fact]
    public void After_two_extensions_an_edge_decides_nothing()
    {
        var chosen = Search([Rate], (_, setting) => -setting[0], out var trials);

        Assert.Equal([5, 5], trials);
        Assert.All(chosen, each => Assert.Contains(each.Controls, control => !control.Holds && control.Text.Contains("learning rate", StringComparison.Ordinal)));
    }

    [Fact]
    public void Of_equal_settings_the_one_within_the_grid_is_taken()
        => Assert.All(Search([Rate], (_, setting) => setting[0] > 2e-3 ? 1 : 0, out _), each => Assert.Equal(3e-3, each.Setting[0]));

    [Fact]
    public void Dials_are_combined_and_kinds_have_no_edge()
    {
        var kinds = new Dial("initialisation", [0, 1], Extends: false);

        var chosen = Search([Rate, kinds], (arm, setting) => setting[1] == arm && setting[0] == 3e-3 ? 1 : 0, out var trials);

        Assert.Equal([6, 6], trials);
        Assert.Equal([0, 1], chosen.Select(each => each.Setting[1]));
        Assert.All(chosen, each => Assert.All(each.Controls, control => Assert.True(control.Holds)));
    }

    [Fact]
    public void Where_nobody_asked_for_a_plateau_no_control_speaks_of_one()
    {
        var chosen = FairSearch.Run<int>(["a"], [Rate], settings => [.. settings.Select(each => new Trial<int>(0, each.Setting[0] == 3e-3 ? 1 : 0))], isProof: true);

        Assert.Contains("lies within", Assert.Single(chosen[0].Controls).Text, StringComparison.Ordinal);
    }

    [Fact]
    public void What_diverged_is_worst_and_what_still_learns_decides_nothing()
    {
        var chosen = FairSearch.Run<int>(
            ["a"], [Rate], settings => [.. settings.Select(each => new Trial<int>(0, each.Setting[0] == 3e-3 ? 1 : double.NaN, IsTrainedOut: false))], isProof: true);

        Assert.Equal(3e-3, Assert.Single(chosen).Setting[0]);
        Assert.Contains(chosen[0].Controls, control => !control.Holds && control.Text.Contains("last fifth", StringComparison.Ordinal));
        Assert.Empty(FairSearch.Run<int>(["a"], [Rate], settings => [.. settings.Select(each => new Trial<int>(0, each.Setting[0]))], isProof: false)[0].Controls);
    }

    [Theory]
    [InlineData(false, 1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1)]
    [InlineData(true, 1.0, 0.5, 0.4, 0.35, 0.32, 0.31, 0.305, 0.3, 0.3, 0.2995)]
    [InlineData(false, 1.0, 0.5, 0.4, 0.35, 0.32, 0.31, 0.305, 0.3, 0.298, 0.295)]
    [InlineData(true, 1.0, 0.5, 0.1, 0.05, 0.03, 0.02, 0.02, 0.016, 0.012, 0.008)]
    [InlineData(true, 1.0, 0.5, 0.4, 0.35, 0.32, 0.31, 0.305, 0.3, 0.35, 0.4)]
    public void A_curve_is_trained_out_where_its_last_fifth_brings_less_than_a_hundredth(bool expected, params double[] losses)
        => Assert.Equal(expected, new LearningCurve([], losses, [], Diverged: false).IsTrainedOut);

    [Fact]
    public void A_curve_that_diverged_or_was_hardly_looked_at_is_not_trained_out()
    {
        Assert.False(new LearningCurve([], [.. Enumerable.Repeat(1.0, 20)], [], Diverged: true).IsTrainedOut);
        Assert.False(new LearningCurve([], [1, 1, 1], [], Diverged: false).IsTrainedOut);
    }

    private static IReadOnlyList<Chosen<string>> Search(Dial[] dials, Func<int, double[], double> quality, out int[] trials)
    {
        var counts = new int[2];
        var chosen = FairSearch.Run<string>(
            ["a", "b"], dials, settings => [.. settings.Select(each =>
            {
                counts[each.Arm]++;
                return new Trial<string>($"{each.Arm}", quality(each.Arm, each.Setting));
            })], isProof: true, tie: 1e-9);
        trials = counts;
        Assert.Equal(["0", "1"], chosen.Select(each => each.Result));
        return chosen;
    }
}
