using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed class OpenPartTests
{
    [Fact]
    public void A_thread_that_is_left_alone_does_all_steps_of_each_pass()
    {
        var open = new OpenPart();
        open.Begin(part: 3, passes: 2, steps: 5);
        Assert.Equal((0, 0), (open.FirstPass, open.FirstStep));
        for (var pass = 0; pass < 2; pass++)
        {
            Assert.Equal([0, 1, 2, 3, 4], Claims(open, pass, 0));
        }
    }

    [Fact]
    public void Half_of_what_is_left_goes_to_another_from_the_end()
    {
        var (owner, taker) = (new OpenPart(), new OpenPart());
        owner.Begin(part: 3, passes: 1, steps: 10);
        Assert.True(owner.Claims(0, 0, out _)); // 9 left
        Assert.True(owner.TryGive(taker, out var part));
        Assert.Equal(3, part);
        taker.Begin(part, passes: 1, steps: 10);
        Assert.Equal([6, 7, 8, 9], Claims(taker, taker.FirstPass, taker.FirstStep));
        Assert.Equal([1, 2, 3, 4, 5], Claims(owner, 0, 1));
    }

    [Fact]
    public void What_is_taken_in_a_pass_goes_on_in_that_pass()
    {
        var (owner, taker) = (new OpenPart(), new OpenPart());
        owner.Begin(part: 0, passes: 3, steps: 8);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], Claims(owner, 0, 0));
        Assert.True(owner.Claims(1, 0, out _));
        Assert.True(owner.TryGive(taker, out var part));
        taker.Begin(part, passes: 3, steps: 8);
        Assert.Equal((1, 5), (taker.FirstPass, taker.FirstStep));
        Assert.Equal([1, 2, 3, 4], Claims(owner, 1, 1));
        Assert.Equal([0, 1, 2, 3, 4], Claims(owner, 2, 0));
    }

    [Fact]
    public void Between_passes_there_may_be_steps_later_and_after_the_last_none()
    {
        var (owner, taker) = (new OpenPart(), new OpenPart());
        owner.Begin(part: 0, passes: 2, steps: 8);
        Claims(owner, 0, 0);
        Assert.Equal(Offer.Later, owner.Offers);
        Assert.False(owner.TryGive(taker, out _));
        Claims(owner, 1, 0);
        Assert.Equal(Offer.Nothing, owner.Offers);
    }

    [Fact]
    public void A_closed_part_offers_nothing_and_what_was_taken_and_not_begun_is_forgotten()
    {
        var (owner, taker) = (new OpenPart(), new OpenPart());
        Assert.Equal(Offer.Nothing, owner.Offers); // never opened
        owner.Begin(part: 0, passes: 2, steps: 8);
        Assert.True(owner.TryGive(taker, out _));
        owner.Close();
        taker.Close();
        Assert.Equal(Offer.Nothing, owner.Offers);
        taker.Begin(part: 1, passes: 1, steps: 2);
        Assert.Equal([0, 1], Claims(taker, taker.FirstPass, taker.FirstStep));
    }

    [Fact]
    public void Whoever_does_them_every_step_is_done_once_in_each_pass_and_passes_follow_each_other()
        => Gen.Select(Gen.Int[2, 4], Gen.Int[1, 4], Gen.Int[1, 20], Gen.ULong).Sample((threads, passes, steps, seed) =>
        {
            var random = new Random((int)seed);
            var open = Enumerable.Range(0, threads).Select(_ => new OpenPart()).ToArray();
            var at = new (int Pass, int Step, bool Busy)[threads]; // the step that each tries to claim next
            var done = new int[steps]; // passes
            open[0].Begin(part: 7, passes, steps);
            at[0].Busy = true;
            while (at.Any(thread => thread.Busy))
            {
                var i = random.Next(threads);
                if (!at[i].Busy)
                {
                    if (open[random.Next(threads)].TryGive(open[i], out var part))
                    {
                        Assert.Equal(7, part);
                        open[i].Begin(part, passes, steps);
                        at[i] = (open[i].FirstPass, open[i].FirstStep, true);
                    }
                    continue;
                }
                if (open[i].Claims(at[i].Pass, at[i].Step, out _))
                {
                    Assert.Equal(at[i].Pass, done[at[i].Step]++);
                    at[i].Step++;
                }
                else
                {
                    at[i] = (at[i].Pass + 1, open[i].FirstStep, at[i].Pass + 1 < passes);
                }
            }
            Assert.All(done, count => Assert.Equal(passes, count));
        });

    [Fact]
    public void Neighbours_in_memory_share_no_pair_of_cache_lines()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        var open = new OpenPart();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 128 + 32, 512); // its fields and two lines between them and the next one's
        GC.KeepAlive(open);
    }

    /// <summary>The steps of a pass, from one on, that are the thread's.</summary>
    private static List<int> Claims(OpenPart open, int pass, int step)
    {
        List<int> claimed = [];
        for (; open.Claims(pass, step, out _); step++)
        {
            claimed.Add(step);
        }
        return claimed;
    }
}
