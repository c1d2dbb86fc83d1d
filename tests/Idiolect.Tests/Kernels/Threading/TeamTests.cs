using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class TeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_part_runs_exactly_once(int threads)
    {
        using var team = new Team(threads, IsaSelector.Default);
        foreach (var parts in new[] { 0, 1, 2, 3, 7, 1000 })
        {
            using var counts = new NativeBuffer<int>(parts);
            team.Run(new CountJob { Counts = counts }, parts);
            Assert.All(counts.ToArray(), count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void More_threads_than_a_process_should_have_are_refused()
        => Assert.Throws<ArgumentOutOfRangeException>("threads", () => new Team(Math.Max(1024, Environment.ProcessorCount) + 1, IsaSelector.Default));

    [Fact]
    public void A_thread_begins_with_its_own_share_of_the_parts()
    {
        const int Threads = 3;
        using var team = new Team(Threads, IsaSelector.Default);
        using var first = new NativeBuffer<int>(Threads); // the part that each began with, plus 1
        team.Run(new MeetingJob { First = first, Threads = Threads }, 10);
        Assert.Equal([1, 4, 7], first.ToArray());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_step_of_open_parts_is_done_once_in_each_pass(int threads)
    {
        const int Parts = 3, Passes = 4, Steps = 40;
        using var team = new Team(threads, IsaSelector.Default);
        for (var job = 0; job < 20; job++)
        {
            using var passes = new NativeBuffer<int>(Parts * Steps);
            team.Run(new OpenJob { Passes = passes, PassCount = Passes, StepCount = Steps }, Parts);
            Assert.All(passes.ToArray(), count => Assert.Equal(Passes, count)); // -1000 where a pass came too early
        }
    }

    [Fact]
    public void A_thread_without_parts_takes_steps_of_another_s()
    {
        using var team = new Team(2, IsaSelector.Default);
        using var by = new NativeBuffer<int>(HelpedJob.Steps);
        team.Run(new HelpedJob { By = by }, 2); // ends when each thread has done a step of part 0
        Assert.Equal([1, 2], by.ToArray().Distinct().Order());
    }

    [Fact]
    public void A_part_that_fails_between_passes_is_not_waited_for()
    {
        using var team = new Team(2, IsaSelector.Default);
        using var begun = new NativeBuffer<int>(1);
        Assert.Throws<InsufficientMemoryException>(() => team.Run(new FailingPassJob { Begun = begun }, 2));
    }

    [Fact]
    public void Steps_of_a_part_that_failed_are_not_taken_up_in_the_next_job()
    {
        using var team = new Team(2, IsaSelector.Default);
        for (var run = 0; run < 20; run++)
        {
            Assert.Throws<InsufficientMemoryException>(() => team.Run(default(FailingStepJob), 1));
            using var counts = new NativeBuffer<int>(1000);
            team.Run(new CountJob { Counts = counts }, 1000);
            Assert.All(counts.ToArray(), count => Assert.Equal(1, count));
        }
    }

    [Fact]
    public void Many_tiny_jobs_in_a_row_lose_and_repeat_no_part()
    {
        const int Jobs = 2_000;
        using var team = new Team(3, IsaSelector.Default);
        using var counts = new NativeBuffer<int>(3);
        for (var job = 0; job < Jobs; job++)
        {
            team.Run(new CountJob { Counts = counts }, 3);
        }
        Assert.Equal([Jobs, Jobs, Jobs], counts.ToArray());
    }

    [Fact]
    public void Parked_threads_wake_for_the_next_job()
    {
        using var team = new Team(3, IsaSelector.Default);
        using var counts = new NativeBuffer<int>(64);
        for (var job = 1; job <= 10; job++)
        {
            Thread.Sleep(20); // longer than threads spin
            team.Run(new CountJob { Counts = counts }, 64);
            Assert.All(counts.ToArray(), count => Assert.Equal(job, count));
        }
    }

    [Fact]
    public void Scratch_is_kept_grown_and_private_to_a_worker()
    {
        using var team = new Team(2, IsaSelector.Default);
        var small = (nint)team.Scratch(0, 10);
        Assert.Equal(small, (nint)team.Scratch(0, 5));
        Assert.Equal(0, small % 64);
        Assert.NotEqual((nint)team.Scratch(1, 10), (nint)team.Scratch(0, 10));
        var grown = team.Scratch(0, 100_000);
        new Span<float>(grown, 100_000).Fill(1);
        Assert.NotEqual((nint)grown, (nint)team.SharedScratch(10));
    }

    [Theory]
    [InlineData(1)] // the part of the caller
    [InlineData(2)] // that of another thread, which would wait for the caller, which waits for it
    public void A_job_that_starts_another_on_its_team_is_refused_and_the_team_goes_on(int parts)
    {
        using var team = new Team(2, IsaSelector.Default);
        using var begun = new NativeBuffer<int>(1);
        NestedJob.Team = team;
        Assert.Throws<InvalidOperationException>(() => team.Run(new NestedJob { Nesting = parts - 1, Begun = begun }, parts));

        using var counts = new NativeBuffer<int>(8);
        team.Run(new CountJob { Counts = counts }, 8);
        Assert.All(counts.ToArray(), count => Assert.Equal(1, count));
    }

    [Fact]
    public void A_team_that_has_ended_takes_no_job()
    {
        var team = new Team(2, IsaSelector.Default);
        team.Dispose();
        using var counts = new NativeBuffer<int>(8);
        Assert.Throws<ObjectDisposedException>(() => team.Run(new CountJob { Counts = counts }, 8));
    }

    [Fact]
    public void A_single_part_that_fails_has_nothing_left_to_take()
    {
        using var team = new Team(2, IsaSelector.Default);
        Assert.Throws<InsufficientMemoryException>(() => team.Run(default(FailingOpenJob), 1));
        Assert.Equal(Offer.Nothing, team.OpenPart(0).Offers);
    }

    [Fact]
    public void What_a_part_throws_on_another_thread_is_thrown_at_the_caller_and_the_team_goes_on()
    {
        using var team = new Team(2, IsaSelector.Default);
        var thrown = Record.Exception(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                team.Run(default(FailingJob), 2); // until the other thread comes in time for a part
            }
        });
        Assert.IsType<InsufficientMemoryException>(thrown);

        using var counts = new NativeBuffer<int>(8);
        team.Run(new CountJob { Counts = counts }, 8);
        Assert.All(counts.ToArray(), count => Assert.Equal(1, count));
    }

    [Theory]
    [InlineData("vector512", Isa.Vector512)]
    [InlineData("Scalar", Isa.Scalar)]
    [InlineData("", Isa.Assembled)]
    [InlineData(null, Isa.Assembled)]
    public void A_variant_is_chosen_by_its_name(string? name, object isa) => Assert.Equal(isa, IsaSelector.Choose(name));

    [Theory]
    [InlineData("sse")]
    [InlineData("3")]
    public void Another_name_is_refused_with_those_that_there_are(string name)
        => Assert.Contains("vector256, vector512, assembled", Assert.Throws<ArgumentException>(() => IsaSelector.Choose(name)).Message, StringComparison.Ordinal);

    [Fact]
    public void Dispose_ends_the_threads_whether_they_spin_or_are_parked_and_may_be_repeated()
    {
        foreach (var rest in new[] { 0, 20 })
        {
            var team = new Team(4, IsaSelector.Default);
            Thread.Sleep(rest);
            team.Dispose(); // joins the threads: a lost one would hang
            team.Dispose();
        }
        new Team(1, Isa.Scalar).Dispose();
        Assert.Throws<ArgumentOutOfRangeException>(() => new Team(0, Isa.Scalar));
    }

    /// <summary>Waits for what another thread writes; where none comes, the test fails instead of hanging.</summary>
    private static void WaitFor(int* note)
    {
        var deadline = Environment.TickCount64 + 60_000;
        while (Volatile.Read(ref *note) == 0)
        {
            if (Environment.TickCount64 > deadline)
            {
                throw new TimeoutException("No other thread came.");
            }
            Thread.Yield();
        }
    }

    private struct CountJob : IJob
    {
        internal int* Counts;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
            => Interlocked.Increment(ref Counts[part]);
    }

    /// <summary>No thread ends its first part before each has one.</summary>
    private struct MeetingJob : IJob
    {
        internal int* First; // (threads)
        internal int Threads;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            Interlocked.CompareExchange(ref First[worker.Index], part + 1, 0);
            for (var thread = 0; thread < Threads; thread++)
            {
                WaitFor(First + thread);
            }
        }
    }

    /// <summary>Counts the passes of each step, in order.</summary>
    private struct OpenJob : IJob
    {
        internal int* Passes; // (parts, steps)
        internal int PassCount;
        internal int StepCount;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var open = worker.Open(part, PassCount, StepCount);
            for (var pass = open.FirstPass; pass < PassCount; pass++)
            {
                for (var step = open.FirstStep; open.Claims(pass, step, out _); step++)
                {
                    ref var passes = ref Passes[(part * StepCount) + step];
                    passes = passes == pass ? pass + 1 : -1000;
                    Thread.SpinWait(20 * (part + 1));
                }
            }
        }
    }

    /// <summary>Part 1 ends when part 0 is under way; the first step of that takes until the other thread has come for some of the rest.</summary>
    private struct HelpedJob : IJob
    {
        internal const int Steps = 8;
        internal int* By; // (steps): the thread that did each of part 0, plus 1

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            if (part == 1)
            {
                WaitFor(By);
                return;
            }
            var open = worker.Open(part, passes: 1, Steps);
            for (var step = open.FirstStep; open.Claims(0, step, out _); step++)
            {
                Volatile.Write(ref By[step], worker.Index + 1);
                if (step == 0)
                {
                    WaitFor(By + Steps - 1);
                }
            }
        }
    }

    /// <summary>Fails in a pass that is not the last, when nothing is left to take of it.</summary>
    private struct FailingPassJob : IJob
    {
        internal int* Begun;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            if (part == 1)
            {
                WaitFor(Begun);
                return;
            }
            var open = worker.Open(part, passes: 2, steps: 1);
            Assert.True(open.Claims(0, 0, out _));
            Volatile.Write(ref *Begun, 1);
            Thread.Sleep(20); // the other thread waits for the second pass
            throw new InsufficientMemoryException();
        }
    }

    /// <summary>Fails with most of its steps to do.</summary>
    private struct FailingStepJob : IJob
    {
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            worker.Open(part, passes: 1, steps: 10);
            throw new InsufficientMemoryException();
        }
    }

    /// <summary>Fails on the team's own threads.</summary>
    private struct FailingJob : IJob
    {
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            if (Thread.CurrentThread.Name?.StartsWith("Idiolect worker", StringComparison.Ordinal) == true)
            {
                throw new InsufficientMemoryException();
            }
            Thread.Sleep(1);
        }
    }

    /// <summary>Starts another job in one of its parts; who has another waits, so that each thread has one.</summary>
    private struct NestedJob : IJob
    {
        internal static Team? Team;
        internal int Nesting; // the worker whose part starts it
        internal int* Begun;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            if (worker.Index == Nesting)
            {
                Volatile.Write(ref *Begun, 1);
                Team!.Run(this, 1);
            }
            else
            {
                WaitFor(Begun);
            }
        }
    }

    /// <summary>Fails with a pass to go.</summary>
    private struct FailingOpenJob : IJob
    {
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            worker.Open(part, passes: 2, steps: 1);
            throw new InsufficientMemoryException();
        }
    }
}
