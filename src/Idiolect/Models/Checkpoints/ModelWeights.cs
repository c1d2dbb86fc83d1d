using System.Text.Json.Nodes;
using Idiolect.Formats;

namespace Idiolect.Models;

/// <summary>Reads and writes what a model folder holds: a config and the weights that it describes.</summary>
internal static class ModelWeights
{
    /// <summary>A model that is filled from a folder's weights, once these have shown to hold as many numbers as its shape needs.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="parameterCount">The numbers of the shape.</param>
    /// <param name="createEmpty">Makes the model; what its weights are does not matter.</param>
    /// <param name="tensors">Its tensors in the file.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape.</exception>
    internal static T Read<T>(string folder, long parameterCount, Func<T> createEmpty, Func<T, IEnumerable<PublishedTensor>> tensors)
        where T : IDisposable
    {
        using var weights = SafetensorsFolder.Open(folder);
        RequireHeld(parameterCount, weights, folder);
        return Ownership.HandOver(createEmpty(), model =>
        {
            PublishedTensor.ReadAll(tensors(model), weights, folder);
            return model;
        });
    }

    /// <summary>Writes config.json and model.safetensors, each atomically.</summary>
    /// <param name="folder">The folder, made if need be.</param>
    /// <param name="config">The fields of config.json.</param>
    /// <param name="tensors">The weights.</param>
    internal static void Write(string folder, JsonObject config, IEnumerable<PublishedTensor> tensors)
    {
        ConfigFile.Write(folder, config);
        PublishedTensor.WriteAll(tensors, folder);
    }

    /// <summary>
    /// The config's sizes are claims: a model is built only after the file has shown as many numbers, so that a hostile config cannot
    /// make us allocate more than the weights that lie there.
    /// </summary>
    private static void RequireHeld(long parameterCount, SafetensorsFolder weights, string folder)
    {
        var held = weights.Tensors.Values.Sum(info => info.ElementCount);
        if (parameterCount > held)
        {
            throw new InvalidDataException(
                $"{folder}: {ConfigFile.Name} describes {parameterCount:N0} parameters, but the weights hold only {held:N0} numbers.");
        }
    }
}
