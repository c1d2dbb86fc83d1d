using System.Text.Json.Nodes;
using Idiolect.Formats;

namespace Idiolect.Models;

/// <summary>Reads and writes what a model folder holds: a config and the weights that it describes.</summary>
internal static class ModelWeights
{
    /// <summary>A model that is filled from a folder's weights, once these have shown to hold what its shape needs.</summary>
    /// <param name="config">The model folder's config.</param>
    /// <param name="check">Checks the shape, once its sizes have shown to be those of the tensors, so that a wrong one is named; how many numbers it has.</param>
    /// <param name="createEmpty">Makes the model; what its weights are does not matter.</param>
    /// <param name="tensors">Its tensors in the file.</param>
    /// <param name="claims">Sizes of the config, and the tensors that must have them.</param>
    /// <param name="required">A tensor that is asked for before the others, and why it is needed; null for none.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or a tensor is missing or has another shape.</exception>
    internal static T Read<T>(
        ConfigFile config, Func<long> check, Func<T> createEmpty, Func<T, IEnumerable<PublishedTensor>> tensors, IReadOnlyList<SizeClaim> claims,
        (string Tensor, string Why)? required = null)
        where T : IDisposable
    {
        using var weights = SafetensorsFolder.Open(config.Folder);
        weights.BeginVerification();
        foreach (var claim in claims)
        {
            claim.Settle(config, weights);
        }
        if (required is var (name, why) && PublishedTensor.Find(name, weights) is null)
        {
            throw PublishedTensor.Missing(name, weights, config.Folder, $" ({why})");
        }
        RequireHeld(check(), weights, config.Folder);
        return Ownership.HandOver(createEmpty(), model =>
        {
            PublishedTensor.ReadAll(tensors(model), weights, config.Folder);
            weights.FinishVerification();
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
