using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

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
        Assert.Fail($"{half} {whole} {(whole - half) / (Context / 2) / 4.0} floats a token; layers {config.LayerCount} width {config.Width} ff {config.FeedForwardWidth} heads {config.HeadCount} kv {config.KeyValueHeadCount} hs {config.HeadSize}");
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
