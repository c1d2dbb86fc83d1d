using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class GemmAheadTests
{
    private const int PanelColumns = 32;

    private static readonly Gen<(int Lines, int Length, int Surplus, int Turns)> Cases
        = Gen.Select(Gen.Int[1, 400], Gen.Int[1, 400], Gen.Int[0, 40], Gen.Int[1, 100]);

    [Fact]
    public void All_of_A_that_comes_next_is_fetched_once_where_there_are_panels_enough()
        => Cases.Sample(c =>
        {
            var strips = (c.Length + PanelColumns - 1) / PanelColumns;
            Assert.Equal(Enumerable.Range(0, strips).Select(strip => strip * PanelColumns), Starts(c.Lines, c.Length, strips + c.Surplus, c.Turns));
        });

    [Fact]
    public void The_last_panels_fetch_it_so_that_it_is_not_evicted()
        => Cases.Sample(c =>
        {
            var strips = (c.Length + PanelColumns - 1) / PanelColumns;
            var region = new Gemm.Region(null, 1000, c.Lines, c.Length);
            for (var panel = 0; panel < c.Surplus; panel++)
            {
                Assert.Equal(0, region.During(strips + c.Surplus - panel, PanelColumns, c.Turns).Tiles);
            }
        });

    [Fact]
    public void A_strip_is_fetched_line_by_line_to_its_end()
        => Cases.Sample(c =>
        {
            var ahead = new Gemm.Region(null, 1000, c.Lines, c.Length).During(left: 1, PanelColumns, c.Turns);
            Assert.Equal(1000, ahead.Stride);
            Assert.Equal(1000L * c.Turns, ahead.TileStride);
            Assert.InRange(ahead.Tiles * c.Turns, c.Lines, c.Lines + c.Turns - 1);
        });

    [Fact]
    public void A_tile_too_short_for_a_turn_fetches_nothing()
        => Assert.Equal(0, new Gemm.Region(null, 1000, 10, 10).During(left: 1, PanelColumns, turns: 0).Tiles);

    [Fact]
    public void Where_nothing_comes_next_nothing_is_fetched()
        => Assert.Equal(0, default(Gemm.Region).During(left: 1, PanelColumns, turns: 10).Tiles);

    /// <summary>In floats from the region's beginning, where each panel's fetches begin.</summary>
    private static List<int> Starts(int lines, int length, int panels, int turns)
    {
        var region = new Gemm.Region((float*)4096, 1000, lines, length);
        List<int> starts = [];
        for (var panel = 0; panel < panels; panel++)
        {
            var ahead = region.During(panels - panel, PanelColumns, turns);
            if (ahead.Tiles > 0)
            {
                starts.Add((int)(ahead.From - (float*)4096));
            }
        }
        return starts;
    }
}
