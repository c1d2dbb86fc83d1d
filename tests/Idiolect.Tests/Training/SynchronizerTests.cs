using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>Several ranks, here threads with a model each, train as one process would.</summary>
public sealed class SynchronizerTests
{
    private static TrainingOptions Options => TinyRun.Options with { Steps = 3, WarmupSteps = 0, GradientAccumulation = 4, CheckpointEvery = 0, EvaluateEvery = 0 };

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Ranks_that_share_a_batch_have_the_gradient_of_one_process_with_dropout_on(int count)
    {
        var (alone, aloneLoss) = Gradients(Options, null);
        var (one, oneLoss) = Gradients(Options with { BatchSize = 8, GradientAccumulation = 1 }, null);
        var ranks = new Ranks(count);
        var shared = ranks.Run(rank => Gradients(Options, rank));
        SimpleTask.RequireNear(one, alone, 1e-6);
        Assert.Equal(oneLoss, aloneLoss, 1e-6 * oneLoss);
        Assert.All(shared, gradients =>
        {
            Assert.Equal(shared[0].Gradients, gradients.Gradients);
            SimpleTask.RequireNear(alone, gradients.Gradients, 1e-6);
            Assert.Equal(aloneLoss, gradients.Loss, 1e-6 * aloneLoss);
        });

        static (float[] Gradients, double Loss) Gradients(TrainingOptions options, IGradientSynchronizer? synchronizer)
        {
            using var model = TinyRun.Model(dropout: 0.2f);
            using var data = TinyRun.Data();
            using var task = new LanguageModelTask(model.Model, model.Tokenizer, data, options);
            using var step = new TrainingStep(task.Parameters, options, synchronizer: synchronizer);
            var computed = step.ComputeGradients(1, task);
            return (SimpleTask.Gradients(task.Parameters), computed.Loss);
        }
    }

    [Fact]
    public void Ranks_end_a_run_with_the_same_weights_which_are_those_of_one_process()
    {
        using var folder = new TemporaryFolder();
        var alone = Train(null, folder["alone"]);
        var shared = new Ranks(2).Run(rank => Train(rank, folder[$"rank-{rank.Rank}"]));
        Assert.Equal(shared[0], shared[1]);
        SimpleTask.RequireNear(alone, shared[0], 1e-5); // Adam divides by small numbers

        static float[] Train(IGradientSynchronizer? synchronizer, string run)
        {
            using var model = TinyRun.Model(dropout: 0.2f);
            using var data = TinyRun.Data();
            using var trainer = new Trainer(
                new LanguageModelTask(model.Model, model.Tokenizer, data, Options), Options, run, optimizer: null, synchronizer);
            trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
            return SimpleTask.Values(model.Model.Parameters);
        }
    }

    [Fact]
    public void Buckets_come_once_a_step_in_their_order_and_what_a_step_does_not_use_is_zero()
    {
        using var model = new Gpt(TinyRun.Config("llama"), seed: 5);
        var unused = model.Parameters.Extend("unused.weight", new Shape(3, 5), Initializer.Ones, seed: 1); // lies first in the flat buffers
        model.Parameters["layers.0.attention.qkv.weight"].RequiresGradient = false;
        var rank = new Ranks(1, bucketLength: 1000).All[0];
        using var step = new TrainingStep(model.Parameters, Options with { GradientAccumulation = 2 }, synchronizer: rank);
        int[] ids = [.. Enumerable.Range(0, 16)];
        var passes = 0;
        var task = new SimpleTask(model.Parameters, _ => new PassSize(1, 16, 16), (_, context) =>
        {
            Assert.True(rank.Begun.Count is 0, "a bucket came before the last pass");
            passes++;
            return model.Loss(ids, ids, 1, context);
        });
        for (var update = 0; update < 2; update++)
        {
            rank.Begun.Clear();
            var gradients = step.ComputeGradients(update, task);
            Assert.True(rank.Begun.Count > 3);
            Assert.Equal(Enumerable.Range(0, rank.Begun.Count), rank.Begun.Select(bucket => bucket.Index));
            Assert.Equal(
                model.Parameters.All.Reverse().Where(parameter => parameter.RequiresGradient),
                rank.Begun.SelectMany(bucket => bucket.Parameters));
            Assert.All(unused.GradientValues.ToArray(), gradient => Assert.Equal(0f, gradient));
            Assert.True(gradients.Norm > 0);
            step.Update(update, 1e-3, gradients.Norm);
        }
        Assert.Equal(4, passes);
    }

    [Fact]
    public void More_ranks_than_passes_are_refused()
    {
        using var model = TinyRun.Model();
        var exception = Assert.Throws<ArgumentException>(
            () => new TrainingStep(model.Model.Parameters, Options with { GradientAccumulation = 1 }, synchronizer: new Ranks(2).All[1]));
        Assert.Contains("GradientAccumulation is 1", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Threads that wait for each other at every sum.</summary>
    private sealed class Ranks
    {
        private readonly Barrier _barrier;
        private readonly float[][] _gradients;
        private readonly double[] _numbers;

        internal Ranks(int count, long bucketLength = 4000)
        {
            (_barrier, _gradients, _numbers) = (new Barrier(count), new float[count][], new double[count]);
            All = [.. Enumerable.Range(0, count).Select(rank => new Member(this, rank, count, bucketLength))];
        }

        internal Member[] All { get; }

        internal T[] Run<T>(Func<Member, T> run)
        {
            var results = new T[All.Length];
            var failures = new List<Exception>();
            var threads = All.Select(member => new Thread(() =>
            {
                try
                {
                    results[member.Rank] = run(member);
                }
                catch (Exception exception)
                {
                    lock (failures)
                    {
                        failures.Add(exception);
                    }
                }
            })).ToList();
            threads.ForEach(thread => thread.Start());
            threads.ForEach(thread => thread.Join());
            return failures.Count == 0 ? results : throw new AggregateException(failures);
        }

        private void Wait() => Assert.True(_barrier.SignalAndWait(TimeSpan.FromSeconds(60)), "another rank does not come");

        internal sealed class Member(Ranks ranks, int rank, int count, long bucketLength) : IGradientSynchronizer
        {
            public int Rank => rank;

            public int RankCount => count;

            public long BucketLength => bucketLength;

            internal List<GradientBucket> Begun { get; } = [];

            public void Begin(GradientBucket bucket)
            {
                Begun.Add(bucket);
                ranks._gradients[rank] = bucket.Gradients.ToArray();
                ranks.Wait();
                var sums = bucket.Gradients;
                for (var i = 0; i < sums.Length; i++)
                {
                    sums[i] = ranks._gradients.Sum(gradients => gradients[i]);
                }
                ranks.Wait();
            }

            public void Finish()
            {
            }

            public double Sum(double value)
            {
                ranks._numbers[rank] = value;
                ranks.Wait();
                var sum = ranks._numbers.Sum();
                ranks.Wait();
                return sum;
            }
        }
    }
}
