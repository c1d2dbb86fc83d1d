using System.Diagnostics;
using Idiolect.Kernels;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Tests.Tensors;

public sealed class OperationProfileTests
{
    [Fact]
    public void All_time_of_a_step_is_counted_once()
    {
        var clock = new KernelClock();
        var profile = new OperationProfile(clock);
        var before = Stopwatch.GetTimestamp();
        profile.Begin();
        var begun = Stopwatch.GetTimestamp();
        Spend(clock, TeamActivity.Computing, 3);
        profile.Mark("first", StepPhase.Forward);
        Spend(clock, TeamActivity.Coordinating, 1);
        profile.Mark("second", StepPhase.Backward);
        Spend(clock, TeamActivity.Computing, 2);
        profile.Mark("first", StepPhase.Forward);
        Spend(clock, TeamActivity.Between, 1);
        var ended = Stopwatch.GetTimestamp();
        profile.Stop();
        var after = Stopwatch.GetTimestamp();

        var times = profile.Read();

        Assert.InRange(times.Total, ended - begun, after - before);
        Assert.Equal([("first", StepPhase.Forward), ("second", StepPhase.Backward)], times.Operations.Select(time => (time.Name, time.Phase)));
        Assert.InRange(times.Operations[0].Computing, Milliseconds(5), times.Total);
        Assert.Equal(0, times.Operations[1].Computing);
        Assert.InRange(times.Coordinating, Milliseconds(1), times.Total);
        Assert.InRange(times.Between, Milliseconds(1), times.Total);
    }

    [Fact]
    public void Counting_allocates_nothing_once_all_work_is_known()
    {
        var profile = new OperationProfile(new KernelClock());
        Step();
        Step(); // the process's first comparison of two keys makes what compares them, if no other test came before
        var before = GC.GetAllocatedBytesForCurrentThread();
        Step();
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void Step()
        {
            profile.Begin();
            profile.Mark("first", StepPhase.Forward);
            profile.Mark("first", StepPhase.Backward);
            profile.Stop();
        }
    }

    [Fact]
    public void A_new_step_begins_at_zero()
    {
        var clock = new KernelClock();
        var profile = new OperationProfile(clock);
        profile.Begin();
        Spend(clock, TeamActivity.Computing, 5);
        profile.Mark("work", StepPhase.Forward);
        profile.Stop();
        profile.Begin();
        profile.Mark("work", StepPhase.Forward);
        profile.Stop();
        Assert.Equal(0, Assert.Single(profile.Read().Operations).Computing);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Every_operation_of_a_transformer_is_counted_in_its_phase(int threads)
    {
        var config = new GptConfig
        {
            VocabularySize = 17, ContextLength = 8, LayerCount = 2, HeadCount = 2, KeyValueHeadCount = 1, Width = 16, TiedEmbedding = true,
            NormalizeQueryKey = true, Dropout = 0.1f,
        };
        using var model = new Gpt(config, seed: 1);
        using var benchmark = new TrainingBenchmark(model, new TrainingOptions(BatchSize: 2, Threads: threads));

        benchmark.Measure(3, TestContext.Current.CancellationToken);
        var measured = benchmark.Summarize();

        Assert.Superset(
            new HashSet<string> { "Embedding", "Linear attention.qkv", "QueryKeyNorm", "Attention", "Linear feed_forward.down", "CrossEntropy" },
            Names(StepPhase.Forward).ToHashSet());
        Assert.Equal(Names(StepPhase.Forward), Names(StepPhase.Backward));
        Assert.Equal(["GradientNorm", "Optimizer"], Names(StepPhase.Update));
        // A kernel that ran before its operation's record was asked for would be counted to the next operation, and this to none.
        Assert.All(measured.Operations.Where(share => share.Phase == StepPhase.Forward), share => Assert.True(share.Milliseconds > 0, share.Operation));
        Assert.Equal(
            measured.TableMilliseconds,
            measured.Operations.Sum(share => share.Milliseconds) + measured.CoordinationMilliseconds + measured.BetweenMilliseconds, 1e-9);

        IEnumerable<string> Names(StepPhase phase) => measured.Operations.Where(share => share.Phase == phase).Select(share => share.Operation).Order();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Every_operation_says_what_it_has_to_do(bool llama)
    {
        var config = llama
            ? new GptConfig { VocabularySize = 17, ContextLength = 8, LayerCount = 2, HeadCount = 2, KeyValueHeadCount = 2, Width = 16, NormalizeQueryKey = true, Dropout = 0.1f }
            : GptConfig.Gpt2(17, contextLength: 8, layerCount: 2, headCount: 2, width: 16) with { Dropout = 0.1f };
        using var model = new Gpt(config, seed: 1);
        using var benchmark = new TrainingBenchmark(model, new TrainingOptions(BatchSize: 2, Threads: 2));

        benchmark.Measure(3, TestContext.Current.CancellationToken);
        var shares = benchmark.Summarize().Operations;

        // The output layer's gradients are made on the way forward; a sum hands its gradient on without a pass of its own.
        Assert.All(
            shares.Where(share => share.Phase != StepPhase.Backward || share.Operation is not ("CrossEntropy" or "ResidualAdd")),
            share => Assert.True(share.Megabytes > 0, $"{share.Operation} {share.Phase}"));
        const double Rows = 2 * 8, Layers = 2, Width = 16, Vocabulary = 17;
        Check("Linear attention.qkv", StepPhase.Forward, Layers * 2 * Rows * Width * 3 * Width, Layers * ((Rows * Width) + (Width * 3 * Width) + (Rows * 3 * Width)));
        Check("Attention", StepPhase.Forward, Layers * 4 * (2 * 36) * Width, Layers * 4 * Rows * Width); // 36 pairs of 8 positions
        Check("Attention", StepPhase.Backward, Layers * 10 * (2 * 36) * Width, Layers * 8 * Rows * Width);
        var parameters = 4.0 * model.Config.ParameterCount / 1e6; // and what aligns them
        Assert.InRange(Of("Optimizer", StepPhase.Update).Megabytes, 7 * parameters, 7 * parameters * 1.02);
        Assert.InRange(Of("GradientNorm", StepPhase.Update).Megabytes, parameters, parameters * 1.02);
        Assert.Equal(3 * 2 * Rows * Width * Vocabulary / 1e9, Of("CrossEntropy", StepPhase.Forward).Gflop, 1e-12);

        OperationShare Of(string name, StepPhase phase) => shares.Single(share => share.Operation == name && share.Phase == phase);

        void Check(string name, StepPhase phase, double flops, double floats)
        {
            Assert.Equal(flops / 1e9, Of(name, phase).Gflop, 1e-12);
            Assert.Equal(4 * floats / 1e6, Of(name, phase).Megabytes, 1e-12);
        }
    }

    [Fact]
    public void A_measured_step_trains()
    {
        using var model = new Gpt(GptConfig.Gpt2(17, contextLength: 8, layerCount: 1, headCount: 2, width: 16), seed: 1);
        var before = model.Parameters.All[0].Values.ToArray();
        using var benchmark = new TrainingBenchmark(model, new TrainingOptions(BatchSize: 2, Threads: 1));
        benchmark.WarmUp(TestContext.Current.CancellationToken);

        var milliseconds = benchmark.Measure(9, TestContext.Current.CancellationToken);

        Assert.Equal(9, milliseconds.Length);
        Assert.All(milliseconds, value => Assert.True(value > 0));
        Assert.Equal(16, benchmark.TokensPerStep);
        Assert.NotEqual(before, model.Parameters.All[0].Values.ToArray());
    }

    [Fact]
    public void Utilisation_is_of_the_best_peak_and_the_median_stands_beside_it()
    {
        var step = new MeasuredStep(new StepTimes([], Coordinating: Stopwatch.Frequency, Between: 0), AllocatedBytes: 0); // a second

        var measured = TrainingMeasurement.From([step], peaks: [4, 9, 5, 8], bandwidth: 1, tokens: 3, flopsPerToken: 1e9, peakMemory: 1);

        Assert.Equal((9, 6.5), (measured.PeakGflops, measured.MedianPeakGflops));
        Assert.Equal(3.0 / 9, measured.Mfu, 1e-12);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0.1, 1.3)]
    [InlineData(0.5, 2.5)]
    [InlineData(1, 4)]
    public void Quantiles_lie_between_the_values(double fraction, double expected)
        => Assert.Equal(expected, TrainingMeasurement.Quantile([1, 2, 3, 4], fraction), 1e-12);

    [Theory]
    [InlineData("Scalar")]
    [InlineData("Vector256")]
    [InlineData("Assembled")]
    public void Probes_report_figures_above_zero(string variant)
    {
        var isa = Enum.Parse<Isa>(variant);
        using var team = new Team(2, isa);
        using var memory = new BandwidthProbe();
        Assert.True(memory.Read(team) > 0);
        Assert.True(memory.Write(team) > 0);
        Assert.True(memory.Copy(team) > 0);
        Assert.True(memory.Update(team) > 0);
        Assert.True(PeakProbe.Gflops(team, Precision.Bf16) > 0);
        Assert.Equal(isa == Isa.Assembled && HasAssembledKernels, PeakProbe.Float32TileGflops(team) > 0);
    }

    private static bool HasAssembledKernels => Idiolect.Kernels.Assembly.MicroKernels.Float32.Exists;

    private static long Milliseconds(int count) => count * Stopwatch.Frequency / 1000;

    private static void Spend(KernelClock clock, TeamActivity activity, int milliseconds)
    {
        clock.Switch(activity);
        var end = Stopwatch.GetTimestamp() + Milliseconds(milliseconds);
        while (Stopwatch.GetTimestamp() < end)
        {
        }
        clock.Switch(TeamActivity.Between);
    }
}
