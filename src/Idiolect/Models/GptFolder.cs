using System.Text;
using Idiolect.Formats;

namespace Idiolect.Models;

/// <summary>A GPT as the config.json, model.safetensors and generation_config.json of a Hugging Face model folder.</summary>
public static class GptFolder
{
    private const string ConfigName = "config.json";

    /// <summary>Reads the shape only.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">A field is missing or asks for something that is not supported.</exception>
    public static GptConfig LoadConfig(string folder)
    {
        var path = Path.Combine(folder, ConfigName);
        return File.Exists(path)
            ? GptConfigJson.Read(File.ReadAllText(path), path)
            : throw new FileNotFoundException($"{folder} is not a model folder: it has no {ConfigName}.", path);
    }

    /// <summary>Reads a model.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape than the config says.</exception>
    public static Gpt Load(string folder)
    {
        var config = LoadConfig(folder);
        using var weights = SafetensorsFolder.Open(folder);
        CheckShapes(config, weights.Tensors, folder);
        var model = Gpt.CreateEmpty(config);
        try
        {
            Read(model, weights, folder);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Writes a model; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made if need be.</param>
    public static void Save(Gpt model, string folder)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, ConfigName), Encoding.UTF8.GetBytes(GptConfigJson.Write(model.Config)));
        AtomicFile.Write(Path.Combine(folder, "generation_config.json"), Encoding.UTF8.GetBytes(GptConfigJson.WriteGeneration(model.Config)));
        SafetensorsWriter.Write(
            Path.Combine(folder, SafetensorsFolder.FileName),
            GptWeights.Published(model).Select(tensor => new TensorSource(
                tensor.Name, [.. tensor.FileShape.Select(size => (long)size)], () => ToFile(tensor))));
    }

    /// <summary>
    /// The config's sizes are claims: the model is built only after the file has shown tensors of those sizes, so that a
    /// hostile config cannot make us allocate more than the weights that lie there.
    /// </summary>
    private static void CheckShapes(GptConfig config, IReadOnlyDictionary<string, TensorInfo> tensors, string folder)
    {
        var held = 0L;
        foreach (var info in tensors.Values)
        {
            held += info.ElementCount;
        }
        if (config.ParameterCount > held)
        {
            throw new InvalidDataException(
                $"{folder}: {ConfigName} describes {config.ParameterCount:N0} parameters, but the weights hold only {held:N0} numbers.");
        }
        // Rotary tables are the one thing of the config's sizes that no tensor backs.
        if (!config.LearnedPositions && (long)config.ContextLength * config.HeadSize > 1L << 28)
        {
            throw new InvalidDataException($"{folder}: {ConfigName}: field max_position_embeddings: {config.ContextLength} is too large.");
        }
    }

    private static void Read(Gpt model, SafetensorsFolder weights, string folder)
    {
        foreach (var tensor in GptWeights.Published(model))
        {
            // Models saved without their head, such as GPT-2's own release, leave the prefix out.
            var name = weights.Tensors.ContainsKey(tensor.Name) ? tensor.Name : WithoutPrefix(tensor.Name);
            if (!weights.Tensors.TryGetValue(name, out var info))
            {
                throw new InvalidDataException($"{folder}: tensor {tensor.Name} is missing.");
            }
            if (!info.Shape.SequenceEqual(tensor.FileShape.Select(size => (long)size)))
            {
                throw new InvalidDataException(
                    $"{folder}: tensor {name} has shape [{string.Join(", ", info.Shape)}], expected [{string.Join(", ", tensor.FileShape)}].");
            }
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

    private static string WithoutPrefix(string name)
        => name.StartsWith("transformer.", StringComparison.Ordinal) ? name["transformer.".Length..]
        : name.StartsWith("model.", StringComparison.Ordinal) ? name["model.".Length..]
        : name;

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
