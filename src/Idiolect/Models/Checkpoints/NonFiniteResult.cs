using System.Globalization;
using Idiolect.Tensors;

namespace Idiolect.Models;

/// <summary>What to say of a result that is no finite number: which tensor of the weights is to blame.</summary>
internal static class NonFiniteResult
{
    /// <summary>Refuses a result with a number that is not finite.</summary>
    /// <param name="result">What the model gave.</param>
    /// <param name="what">Its name, such as "the vector".</param>
    /// <param name="model">The model.</param>
    /// <exception cref="InvalidDataException">A number is not finite; the message names the first tensor that is not.</exception>
    internal static void Refuse(ReadOnlySpan<float> result, string what, IModel model)
    {
        foreach (var number in result)
        {
            if (!float.IsFinite(number))
            {
                throw Explain(what, model);
            }
        }
    }

    /// <summary>The same of a single number.</summary>
    internal static void Refuse(double result, string what, IModel model)
    {
        if (!double.IsFinite(result))
        {
            throw Explain(what, model);
        }
    }

    /// <summary>The error for a model that is saved as <see cref="ModelFolder"/> says.</summary>
    internal static InvalidDataException Explain(string what, IModel model) => model is NGram
        ? new InvalidDataException($"{what} would not be a finite number: the model's counts make no sense. Give another checkpoint.")
        : Explain(what, (ModelFolder.TensorsOf(model) ?? []).Concat(PublishedTensor.Own(model.Parameters))); // the latter: a classifier's head

    /// <summary>The error for a model whose parameters have the names of its tensors.</summary>
    internal static InvalidDataException Explain(string what, ParameterSet parameters) => Explain(what, PublishedTensor.Own(parameters));

    private static InvalidDataException Explain(string what, IEnumerable<PublishedTensor> tensors)
    {
        foreach (var tensor in tensors)
        {
            foreach (var value in tensor.Parameter.Values.Slice(tensor.Start, tensor.Count))
            {
                if (!float.IsFinite(value))
                {
                    return new InvalidDataException(string.Create(
                        CultureInfo.InvariantCulture,
                        $"{what} would not be a finite number: tensor {tensor.Name} of the model holds {value}. Its weights are damaged, or its training diverged; "
                        + $"give another checkpoint."));
                }
            }
        }
        return new InvalidDataException(
            $"{what} would not be a finite number: all weights are, but with this input the model computes numbers beyond what 32 bits hold.");
    }
}
