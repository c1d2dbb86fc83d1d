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
    public void A_thread_begins_with_its_own_share_of_the_parts()
    {
        const int Threads = 3;
        using var team = new Team(Threads, IsaSelector.Default);
        using var first = new NativeBuffer<int>(Threads); // the part that each began with, plus 1
        team.Run(new MeetingJob { First = first, Threads = Threads }, 10);
        Assert.Equal([1, 4, 7], first.ToArray());
    }

    [Theory]
    [InlineData(1, 4)]
    [InlineData(2, 4)]
    [InlineData(2, 1)]
    public void What_a_thread_holds_is_known_to_its_later_parts_and_forgotten_with_the_job(int threads, int parts)
    {
        using var team = new Team(threads, IsaSelector.Default);
        using var before = new NativeBuffer<int>(parts); // the part whose note each found
        using var by = new NativeBuffer<int>(parts);
        for (var job = 0; job < 20; job++)
        {
            team.Run(new NotingJob { Before = before, By = by }, parts);
            Assert.All(Enumerable.Range(0, parts), part => Assert.True(before.Span[part] == -1 || by.Span[before.Span[part]] == by.Span[part]));
            Assert.Equal(by.ToArray().Distinct().Count(), before.ToArray().Count(part => part == -1));
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

    [Fact]
    public void A_job_that_starts_another_on_its_team_is_refused_and_the_team_goes_on()
    {
        using var team = new Team(2, IsaSelector.Default);
        NestedJob.Team = team;
        NestedJob.Caller = Environment.CurrentManagedThreadId;
        Assert.Throws<InvalidOperationException>(() => team.Run(default(NestedJob), 1000));

        using var counts = new NativeBuffer<int>(8);
        team.Run(new CountJob { Counts = counts }, 8);
        Assert.All(counts.ToArray(), count => Assert.Equal(1, count));
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
                while (Volatile.Read(ref First[thread]) == 0)
                {
                    Thread.Yield();
                }
            }
        }
    }

    /// <summary>Each part notes itself, and what note it found.</summary>
    private struct NotingJob : IJob
    {
        internal int* Before; // (parts)
        internal int* By; // (parts)

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            (Before[part], By[part]) = (worker.Held, worker.Index);
            worker.Held = part;
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

    /// <summary>Starts another job, on the caller's thread only: another thread would wait for the caller, which waits for it.</summary>
    private struct NestedJob : IJob
    {
        internal static Team? Team;
        internal static int Caller;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            if (Environment.CurrentManagedThreadId == Caller)
            {
                Team!.Run(default(NestedJob), 2);
            }
            Thread.SpinWait(100);
        }
    }
}
