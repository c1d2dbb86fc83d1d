using Idiolect.Lab.Models;
using Idiolect.Lab.Tasks;
using Idiolect.Training;

namespace Idiolect.Lab.Tests.Models;

/// <summary>What the experiments rest on.</summary>
public sealed class LabModelTests
{
    private static readonly TrainingOptions Options = new(Steps: 5, LearningRate: 1e-2, WeightDecay: 0);

    [Fact]
    public void Tied_blocks_stay_equal_while_they_learn()
    {
        using var model = new LabTransformer(new LabShape { Vocabulary = 8, Context = 12, Layers = 1, Width = 16 }, seed: 1);
        var projection = model.Parameters["layers.0.qkv.weight"];
        TiedWeights.TieRows(projection, 0, 16, 16, start: true);
        var before = projection.Values.ToArray();
        var task = new InductionTask(8, 12, 3, 5, new Random(1));

        LabTraining.Train(
            model, Options, 4, () => task.Batch(4), _ => { }, beforeUpdate: () => TiedWeights.TieRows(projection, 0, 16, 16, start: false));

        var after = projection.Values.ToArray();
        Assert.NotEqual(before, after);
        Assert.Equal(after[..256], after[256..512]);
        Assert.NotEqual(after[..256], after[512..]);
    }

    [Fact]
    public void Where_pieces_of_a_block_come_again_every_target_followed_its_token_before()
    {
        var (tokens, targets) = new InductionTask(32, 48, 10, 20, new Random(1), pieces: true).Batch(16);
        var last = new List<bool>(); // whether the target is the token that was not seen for longest
        for (var row = 0; row < 16; row++)
        {
            var text = tokens[(row * 48)..((row + 1) * 48)];
            for (var i = 0; i < 48; i++)
            {
                var target = targets[(row * 48) + i];
                if (target < 0)
                {
                    continue;
                }
                var seen = text[..(i + 1)];
                Assert.Contains(Enumerable.Range(0, i), j => seen[j] == seen[i] && seen[j + 1] == target);
                last.Add(seen.Distinct().MinBy(token => Array.LastIndexOf(seen, token)) == target);
            }
        }
        Assert.InRange(last.Count(each => each) / (double)last.Count, 0, 0.4);
    }

    [Fact]
    public void Every_switch_makes_a_model_that_learns()
    {
        var shape = new LabShape { Vocabulary = 8, Context = 12, Layers = 2, Width = 16, Hidden = 32 };
        var task = new InductionTask(8, 12, 3, 5, new Random(1));
        foreach (var variant in new[]
        {
            shape, shape with { Residual = false }, shape with { Norm = NormPlace.None }, shape with { Norm = NormPlace.Post }, shape with { Causal = false },
            shape with { LearnedPositions = false }, shape with { Hidden = 0 }, shape with { Dropout = 0.2f },
        })
        {
            using var model = new LabTransformer(variant, seed: 1);
            var (tokens, targets) = task.Batch(4);
            var before = model.MeanLoss(tokens, targets, 4);

            LabTraining.Train(model, Options with { Steps = 30 }, 4, () => (tokens, targets), _ => { });

            Assert.True(model.MeanLoss(tokens, targets, 4) < before, variant.ToString());
        }
    }

    [Fact]
    public void The_last_step_is_looked_at() => Assert.Equal([2, 4, 5], TrainWithTwoLooks(Options).Steps);

    [Fact]
    public void Each_look_notes_the_mean_loss_of_the_steps_since_the_one_before()
    {
        var curve = TrainWithTwoLooks(Options with { LearningRate = 1e-30 }); // too small to change a weight

        Assert.All(curve.Losses, loss => Assert.Equal(curve.Losses[0], loss, 1e-9));
    }

    private static LearningCurve TrainWithTwoLooks(TrainingOptions options)
    {
        using var model = new LabTransformer(new LabShape { Vocabulary = 8, Context = 12, Layers = 1, Width = 16 }, seed: 1);
        var (tokens, targets) = new InductionTask(8, 12, 3, 5, new Random(1)).Batch(4);
        return LabTraining.Train(model, options, 4, () => (tokens, targets), _ => { }, looks: 2);
    }

    [Fact]
    public void A_Markov_source_writes_what_is_possible_and_its_entropy_is_that_of_its_choices()
    {
        foreach (var order in new[] { 1, 2 })
        {
            var source = new MarkovSource(12, order, new Random(1));
            Assert.Equal(1, source.PossibleShare(source.Sample(200, new Random(2)), order));
            Assert.InRange(source.PossibleShare([.. Enumerable.Range(0, 2000).Select(i => i * 7919 % 12)], order), 0, 0.9);
        }
        Assert.Equal(1.208, MarkovSource.Entropy, 0.001);
    }

    [Fact]
    public void Recall_asks_for_the_value_of_each_key()
    {
        var task = new RecallTask(pairs: 4, gap: 3, new Random(1));

        var (tokens, targets) = task.Batch(2);

        for (var row = 0; row < 2; row++)
        {
            var (text, wanted) = (tokens[(row * task.Time)..((row + 1) * task.Time)], targets[(row * task.Time)..((row + 1) * task.Time)]);
            Assert.All(wanted[..^4], target => Assert.Equal(-1, target));
            for (var query = task.Time - 4; query < task.Time; query++)
            {
                Assert.Equal(text[Array.IndexOf(text, text[query]) + 1], wanted[query]);
            }
        }
    }

    [Fact]
    public void Attention_maps_are_probabilities_over_the_past()
    {
        using var model = new LabTransformer(new LabShape { Vocabulary = 8, Context = 6, Layers = 1, Width = 16 }, seed: 1);
        AttentionMaps? maps = null;
        model.Listener = new Listener(Attention: (_, qkv) => maps = new AttentionMaps(qkv, 4));

        model.Logits([1, 2, 3, 4, 5, 6], 1);

        Assert.Equal(1, Enumerable.Range(0, 6).Sum(key => maps!.Weight(0, 2, query: 3, key)), 1e-9);
        Assert.Equal(0, maps!.Weight(0, 2, query: 3, key: 4));
    }
}
