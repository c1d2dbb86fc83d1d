using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

[Trait("Lane", "Full")]
public sealed class LongContextTests
{
    private const int Context = 8192;

    [Theory]
    [InlineData("gpt2")]
    [InlineData("llama")]
    public void A_context_of_8192_trains_in_memory_linear_in_its_length(string name)
    {
        var config = TinyModels.Config(name) with { ContextLength = Context };
        using var model = new Gpt(config, seed: 1);
        var (half, whole) = (PeakBytes(model, Context / 2), PeakBytes(model, Context));
        Assert.InRange(whole, half, 2 * half);

        // Kept for the backward pass by each layer, in floats a token: both norms' results, the attention's and two states of the
        // stream (5 widths), the projection, the feed-forward network's two or three arrays, statistics of softmax and norms.
        var (width, heads) = (config.Width, config.HeadCount);
        var projection = (heads + (2 * config.KeyValueHeadCount)) * config.HeadSize;
        var layer = (5 * width) + projection + (3 * config.FeedForwardWidth) + heads + 4;
        var passing = (12 * width) + (4 * config.FeedForwardWidth) + 64; // embedding, final norm, and gradients on their way back
        const int LossChunk = 16 << 20; // bytes: logits of some rows at a time
        Assert.InRange(whole, 1, (4L * Context * ((config.LayerCount * layer) + passing)) + LossChunk);
    }

    /// <summary>The most memory that one forward and backward pass over a single sequence takes.</summary>
    private static long PeakBytes(Gpt model, int time)
    {
        using var team = new Team(1, IsaSelector.Default);
        using var tape = new Tape(team);
        model.Parameters.ZeroGradients();
        var ids = TinyModels.Ids(model.Config, time);
        var loss = model.Loss(ids, ids, 1, new ForwardContext(tape) { Training = true });
        Assert.InRange(loss.Item(), 0f, 10f);
        tape.Backward(loss);
        tape.Reset();
        Assert.All(model.Parameters.All, parameter => Assert.True(float.IsFinite(parameter.GradientValues.ToArray().Sum()), parameter.Name));
        return tape.PeakBytes;
    }
}
