using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Tests.Models;

/// <summary>What holds of every step of training: no allocation, no growth, the same bits on any number of threads.</summary>
[CollectionDefinition(nameof(GptTrainingStepTests), DisableParallelization = true)]
[Collection(nameof(GptTrainingStepTests))]
public sealed class GptTrainingStepTests
{
    public static TheoryData<string, float> Models
        => new(TinyModels.Names.SelectMany(row => new[] { (row.Data, 0f), (row.Data, 0.2f) }));

    public static TheoryData<string> Names => TinyModels.Names;

    [Theory, MemberData(nameof(Models))]
    public void A_steady_step_allocates_no_managed_memory_on_any_thread(string name, float dropout)
    {
        using var run = new Run(name, dropout, threads: 2);
        run.Steps(30);
        // The runtime's own threads allocate a little now and then; what a step allocates would be in every window.
        var least = long.MaxValue;
        for (var window = 0; window < 10; window++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            run.Steps(20);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }
        Assert.Equal(0, least);
    }

    [Theory, MemberData(nameof(Models))]
    public void A_steady_step_allocates_no_managed_memory_on_the_callers_thread(string name, float dropout)
    {
        using var run = new Run(name, dropout, threads: 2);
        run.Steps(30);
        var before = GC.GetAllocatedBytesForCurrentThread();
        run.Steps(20);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Theory, MemberData(nameof(Names))]
    public void A_steady_step_that_recomputes_and_takes_Muon_allocates_no_managed_memory(string name)
    {
        using var run = new Run(name, 0.2f, threads: 2, recompute: true, OptimizerKind.Muon);
        run.Steps(30);
        var before = GC.GetAllocatedBytesForCurrentThread();
        run.Steps(20);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(0, run.Tape.BytesInUse);
    }

    [Theory, MemberData(nameof(Models))]
    public void Recomputed_blocks_give_the_same_bits_in_less_memory(string name, float dropout)
    {
        using var kept = new Run(name, dropout, threads: 2);
        using var recomputed = new Run(name, dropout, threads: 2, recompute: true);
        Assert.Equal(kept.ForwardBackward(), recomputed.ForwardBackward());
        foreach (var (a, b) in kept.Model.Parameters.All.Zip(recomputed.Model.Parameters.All))
        {
            Assert.True(a.GradientValues.SequenceEqual(b.GradientValues), a.Name);
        }
        Assert.InRange(recomputed.Tape.PeakBytes, 1, 0.8 * kept.Tape.PeakBytes);
    }

    [Theory, MemberData(nameof(Names))]
    public void Activations_made_again_give_the_same_bits_in_less_memory(string name)
    {
        using var kept = new Run(name, 0.2f, threads: 2);
        using var again = new Run(name, 0.2f, threads: 2, recomputeFrom: 0);
        Assert.Equal(kept.ForwardBackward(), again.ForwardBackward());
        foreach (var (a, b) in kept.Model.Parameters.All.Zip(again.Model.Parameters.All))
        {
            Assert.True(a.GradientValues.SequenceEqual(b.GradientValues), a.Name);
        }
        Assert.True(again.Tape.PeakBytes < kept.Tape.PeakBytes, $"{again.Tape.PeakBytes} bytes, {kept.Tape.PeakBytes} when kept");
    }

    [Theory, MemberData(nameof(Names))]
    public void Recomputed_blocks_announce_each_gradient_once(string name)
    {
        using var run = new Run(name, 0f, threads: 1, recompute: true);
        var ready = new List<string>();
        run.Tape.GradientReady += parameter => ready.Add(parameter.Name);
        run.ForwardBackward();
        Assert.Equal(run.Model.Parameters.All.Select(parameter => parameter.Name).Order(), ready.Order());
    }

    [Theory, MemberData(nameof(Models))]
    public void Memory_does_not_grow_over_a_thousand_steps(string name, float dropout)
    {
        using var run = new Run(name, dropout, threads: 1);
        run.Steps(2);
        var (reserved, peak) = (run.Tape.ReservedBytes, run.Tape.PeakBytes);
        for (var i = 0; i < 1000; i++)
        {
            run.Steps(1);
            Assert.Equal(0, run.Tape.BytesInUse);
        }
        Assert.Equal((reserved, peak), (run.Tape.ReservedBytes, run.Tape.PeakBytes));
    }

    [Theory, MemberData(nameof(Names))]
    public void One_thread_and_two_give_the_same_loss_and_gradients(string name)
    {
        using var one = new Run(name, 0.2f, threads: 1);
        using var two = new Run(name, 0.2f, threads: 2);
        Assert.Equal(one.ForwardBackward(), two.ForwardBackward());
        foreach (var (a, b) in one.Model.Parameters.All.Zip(two.Model.Parameters.All))
        {
            Assert.True(a.GradientValues.SequenceEqual(b.GradientValues), a.Name);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void One_thread_and_two_give_the_same_weights_after_twenty_steps(string name)
    {
        using var one = new Run(name, 0.2f, threads: 1);
        using var two = new Run(name, 0.2f, threads: 2);
        one.Steps(20);
        two.Steps(20);
        foreach (var (a, b) in one.Model.Parameters.All.Zip(two.Model.Parameters.All))
        {
            Assert.True(a.Values.SequenceEqual(b.Values), a.Name);
        }
    }

    [Theory]
    [InlineData(6UL, 0L, 0)]
    [InlineData(5UL, 1L, 0)]
    [InlineData(5UL, 0L, 1)]
    public void Dropout_depends_on_seed_step_and_the_number_of_the_sample(ulong seed, long step, long firstSample)
    {
        using var run = new Run("gpt2", 0.2f, threads: 1);
        Assert.NotEqual(run.Loss(5, 0, 0), run.Loss(seed, step, firstSample));
    }

    [Fact]
    public void The_same_key_drops_the_same()
    {
        using var run = new Run("gpt2", 0.2f, threads: 1);
        Assert.Equal(run.Loss(5, 2, 1), run.Loss(5, 2, 1));
    }

    [Fact]
    public void Equal_samples_of_a_batch_are_dropped_differently()
    {
        using var run = new Run("gpt2", 0.2f, threads: 1);
        var context = new ForwardContext(run.Tape) { Training = true };
        var logits = run.Model.Forward([1, 2, 3, 1, 2, 3], 2, context).ToArray();
        Assert.NotEqual(logits[..(logits.Length / 2)], logits[(logits.Length / 2)..]);
    }

    [Fact]
    public void Every_layer_has_a_mask_of_its_own()
    {
        using var team = new Team(1, IsaSelector.Default);
        using var tape = new Tape(team);
        using var set = new ParameterSet();
        var context = new ForwardContext(tape) { Training = true };
        var root = set.Root;
        Assert.NotEqual(
            new Idiolect.Layers.Dropout(root.Child("layers.0.attention"), 0.1f).Key(context),
            new Idiolect.Layers.Dropout(root.Child("layers.1.attention"), 0.1f).Key(context));
    }

    private sealed class Run : IDisposable
    {
        private readonly Team _team;
        private readonly Optimizer _optimizer;
        private readonly ForwardContext _context;
        private readonly int[] _inputs;
        private readonly int[] _targets;
        private long _step;

        internal Run(
            string name, float dropout, int threads, bool recompute = false, OptimizerKind optimizer = OptimizerKind.AdamW,
            long recomputeFrom = long.MaxValue)
        {
            _team = new Team(threads, IsaSelector.Default);
            Tape = new Tape(_team) { RecomputeFrom = recomputeFrom };
            _context = new ForwardContext(Tape) { Training = true, Recompute = recompute };
            Model = new Gpt(TinyModels.Config(name, dropout), seed: 1);
            _optimizer = ConfiguredOptimizer.Create(Model.Parameters, new TrainingOptions { Optimizer = optimizer });
            _inputs = TinyModels.Ids(Model.Config, TinyModels.Batch * TinyModels.Time, seed: 1);
            _targets = TinyModels.Ids(Model.Config, TinyModels.Batch * TinyModels.Time, seed: 2);
            Model.Parameters.ZeroGradients();
        }

        internal Gpt Model { get; }

        internal Tape Tape { get; }

        internal float ForwardBackward()
        {
            _context.SetRandomKey(5, _step, 0);
            var loss = Model.Loss(_inputs, _targets, TinyModels.Batch, _context);
            var value = loss.Item();
            Tape.Backward(loss);
            Tape.Reset();
            return value;
        }

        internal float Loss(ulong seed, long step, long firstSample)
        {
            _context.SetRandomKey(seed, step, firstSample);
            var loss = Model.Loss(_inputs, _targets, TinyModels.Batch, _context).Item();
            Tape.Reset();
            return loss;
        }

        internal void Steps(int count)
        {
            for (var i = 0; i < count; i++)
            {
                ForwardBackward();
                _optimizer.Step(new OptimizerStep(_step++, 1e-3) { Team = _team });
            }
        }

        public void Dispose()
        {
            _optimizer.Dispose();
            Tape.Dispose();
            _team.Dispose();
            Model.Dispose();
        }
    }
}
