using System.Globalization;
using Idiolect.Formats;

namespace Idiolect.Models;

/// <summary>
/// A size that config.json claims, and the tensor whose shape says whether it is so. All claims are settled before anything is allocated, so
/// that a config cannot make us allocate more than the weights that lie there, and the complaint names the field.
/// </summary>
/// <param name="Field">The field, or the fields whose product it is.</param>
/// <param name="Size">What it comes to.</param>
/// <param name="Tensor">The published name of a tensor that has this size.</param>
/// <param name="Dimension">Which of the tensor's dimensions; null for the number of layers, whose tensors' names begin so: <c>model.layers.</c></param>
internal readonly record struct SizeClaim(string Field, long Size, string Tensor, int? Dimension)
{
    /// <summary>Refuses a claim that the weights deny. What no model can have, and a tensor that is missing, are other complaints, later.</summary>
    /// <exception cref="InvalidDataException">The tensor has another size.</exception>
    internal void Settle(ConfigFile config, SafetensorsFolder weights)
    {
        if (Size < 1)
        {
            return;
        }
        if (Dimension is not { } dimension)
        {
            SettleLayers(config, weights);
        }
        else if (PublishedTensor.Find(Tensor, weights) is { } name && weights.Tensors[name].Shape is var shape
            && (shape.Count <= dimension || shape[dimension] != Size))
        {
            throw config.Fields.Error(Field, $"{Size} describes other weights: tensor {name} has the shape [{string.Join(", ", shape)}], expected {(dimension == 0 ? $"{Size} rows" : $"{Size} columns")}");
        }
    }

    private void SettleLayers(ConfigFile config, SafetensorsFolder weights)
    {
        var layers = 0L;
        foreach (var prefix in PublishedTensor.Spellings(Tensor))
        {
            foreach (var name in weights.Tensors.Keys.Where(name => name.StartsWith(prefix, StringComparison.Ordinal)))
            {
                var digits = name.AsSpan(prefix.Length);
                var end = digits.IndexOf('.');
                if (end > 0 && int.TryParse(digits[..end], NumberStyles.None, CultureInfo.InvariantCulture, out var layer))
                {
                    layers = Math.Max(layers, layer + 1L);
                }
            }
        }
        if (layers > 0 && layers != Size)
        {
            throw config.Fields.Error(Field, $"{Size} describes other weights: they have {layers} layers");
        }
    }
}
