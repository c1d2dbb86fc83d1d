using Idiolect.Formats;
using Idiolect.Tensors;

namespace Idiolect.Models;

/// <summary>A tensor of a Hugging Face checkpoint, and where it lies in ours.</summary>
/// <param name="Name">Its published name.</param>
/// <param name="Parameter">The parameter that holds it.</param>
/// <param name="FirstRow">The first of the parameter's rows that belong to it: fused projections hold several tensors.</param>
/// <param name="Rows">How many.</param>
/// <param name="Transposed">Whether the file has (in, out) where we have (out, in), as GPT-2's files do.</param>
internal readonly record struct PublishedTensor(string Name, Parameter Parameter, int FirstRow, int Rows, bool Transposed = false)
{
    /// <summary>Floats in one of the parameter's rows.</summary>
    internal int RowWidth => Parameter.Shape.Rank == 1 ? 1 : Parameter.Shape.Width;

    /// <summary>The shape in the file.</summary>
    internal int[] FileShape => Parameter.Shape.Rank == 1 ? [Rows] : Transposed ? [RowWidth, Rows] : [Rows, RowWidth];

    /// <summary>Where its elements begin within the parameter.</summary>
    internal int Start => FirstRow * RowWidth;

    /// <summary>How many elements it has.</summary>
    internal int Count => Rows * RowWidth;

    /// <summary>All parameters under their own names, for a model that nobody else publishes.</summary>
    internal static IEnumerable<PublishedTensor> Own(ParameterSet parameters)
        => parameters.All.Select(parameter => new PublishedTensor(parameter.Name, parameter, 0, parameter.Shape[0]));

    /// <summary>Fills the parameters from a folder, in the order of its files.</summary>
    /// <exception cref="InvalidDataException">A tensor is missing, or has another shape.</exception>
    internal static void ReadAll(IEnumerable<PublishedTensor> tensors, SafetensorsFolder weights, string folder)
    {
        var found = new List<(string Name, TensorInfo Info, PublishedTensor Tensor)>();
        foreach (var tensor in tensors)
        {
            var name = Find(tensor.Name, weights) ?? throw Missing(tensor.Name, weights, folder);
            var info = weights.Tensors[name];
            if (!info.Shape.SequenceEqual(tensor.FileShape.Select(size => (long)size)))
            {
                throw new InvalidDataException(
                    $"{folder}: tensor {name} has shape [{string.Join(", ", info.Shape)}], expected [{string.Join(", ", tensor.FileShape)}].");
            }
            found.Add((name, info, tensor));
        }
        foreach (var (name, _, tensor) in found.OrderBy(read => read.Info.Offset))
        {
            var ours = tensor.Parameter.MutableValues.Slice(tensor.Start, tensor.Count);
            if (!tensor.Transposed)
            {
                weights.Read(name, ours);
                continue;
            }
            var file = new float[tensor.Count];
            weights.Read(name, file);
            Transpose(file, ours, tensor.RowWidth, tensor.Rows);
        }
    }

    /// <summary>What a folder calls a tensor; null if it has none.</summary>
    internal static string? Find(string name, SafetensorsFolder weights) => Spellings(name).FirstOrDefault(weights.Tensors.ContainsKey);

    /// <summary>The complaint about a tensor that a folder does not have.</summary>
    internal static InvalidDataException Missing(string name, SafetensorsFolder weights, string folder, string why = "") => new(
        $"{folder}: tensor {name} is missing{why}. The weights hold {(weights.Tensors.Count == 0 ? "no tensor"
            : $"{weights.Tensors.Count} tensors, such as {string.Join(", ", weights.Tensors.Keys.Order(StringComparer.Ordinal).Take(3))}")}.");

    /// <summary>Writes model.safetensors, atomically.</summary>
    internal static void WriteAll(IEnumerable<PublishedTensor> tensors, string folder)
        => SafetensorsWriter.Write(
            Path.Combine(folder, SafetensorsFolder.FileName),
            tensors.Select(tensor => new TensorSource(
                tensor.Name, [.. tensor.FileShape.Select(size => (long)size)], () => ToFile(tensor))));

    private static ReadOnlySpan<float> ToFile(PublishedTensor tensor)
    {
        var ours = tensor.Parameter.Values.Slice(tensor.Start, tensor.Count);
        if (!tensor.Transposed)
        {
            return ours;
        }
        var file = new float[tensor.Count];
        Transpose(ours, file, tensor.Rows, tensor.RowWidth);
        return file;
    }

    /// <summary>
    /// What a tensor may be called: models saved without their head, such as GPT-2's own release, leave the prefix out, and BERT's own release
    /// calls gain and bias of its norms gamma and beta.
    /// </summary>
    internal static IEnumerable<string> Spellings(string name)
    {
        yield return name;
        foreach (var prefix in new[] { "transformer.", "model.", "bert." })
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                yield return name[prefix.Length..];
            }
        }
        if (name.Contains("LayerNorm.", StringComparison.Ordinal))
        {
            yield return name.Replace("LayerNorm.weight", "LayerNorm.gamma", StringComparison.Ordinal)
                .Replace("LayerNorm.bias", "LayerNorm.beta", StringComparison.Ordinal);
        }
    }

    /// <summary>(rows, columns) to (columns, rows).</summary>
    private static void Transpose(ReadOnlySpan<float> source, Span<float> destination, int rows, int columns)
    {
        for (var row = 0; row < rows; row++)
        {
            for (var column = 0; column < columns; column++)
            {
                destination[(column * rows) + row] = source[(row * columns) + column];
            }
        }
    }
}
