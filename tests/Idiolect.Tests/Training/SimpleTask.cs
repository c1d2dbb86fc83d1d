using Idiolect.Layers;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>A task of nothing but its parts.</summary>
/// <param name="parameters">What is trained.</param>
/// <param name="size">What a pass of a micro-step learns from.</param>
/// <param name="loss">Its loss.</param>
internal sealed class SimpleTask(ParameterSet parameters, Func<int, PassSize> size, Func<int, ForwardContext, Tensor> loss) : ITrainingTask
{
    public ParameterSet Parameters => parameters;

    public PassSize Size(long step, int microStep) => size(microStep);

    public Tensor Loss(long step, int microStep, ForwardContext context) => loss(microStep, context);

    public void Save(string folder) => throw new NotSupportedException();

    /// <summary>All gradients, one after the other.</summary>
    internal static float[] Gradients(ParameterSet parameters) => [.. parameters.All.SelectMany(parameter => parameter.GradientValues.ToArray())];

    /// <summary>All values, one after the other.</summary>
    internal static float[] Values(ParameterSet parameters) => [.. parameters.All.SelectMany(parameter => parameter.Values.ToArray())];

    /// <summary>Requires two vectors to differ by a share of their length at most.</summary>
    internal static void RequireNear(float[] expected, float[] actual, double share)
    {
        var distance = Goldens.Distance(actual, expected) / Goldens.Norm(expected);
        Assert.True(distance < share, $"they differ by {distance:G3} of their length");
    }
}
