using System.Security.Cryptography;
using Idiolect.Models;

namespace Idiolect.Recipes;

/// <summary>The trained model that a recipe begins with.</summary>
internal static class BaseModel
{
    /// <summary>The recipe of a run that begins with a model, and what that model is. Which weights it has is not looked at yet.</summary>
    /// <param name="recipe">The recipe; its context length is kept where the model's is longer.</param>
    /// <param name="model">A run or model folder.</param>
    internal static Recipe Describe(Recipe recipe, string model)
    {
        var folder = Path.GetFullPath(ModelLocation.Require(model));
        var file = ConfigFile.Open(folder);
        if (!recipe.Classifies && ClassifierFolder.LoadLabels(file) is not null)
        {
            throw new InvalidDataException($"{model} holds a classifier, which goes on with its own texts alone; give the model that it was tuned from");
        }
        var shape = RecipeModels.Describe(ModelFolder.LoadConfig(file));
        return recipe with
        {
            Base = new BaseRecipe { Model = folder },
            Model = recipe.Classifies ? shape : shape with { ContextLength = Math.Min(recipe.Model.ContextLength, shape.ContextLength) },
        };
    }

    /// <summary>The same with the hash of the weights, which must be the recipe's where that has one.</summary>
    /// <exception cref="InvalidDataException">The weights are others than they were.</exception>
    internal static Recipe Begin(Recipe recipe, BaseRecipe trained)
    {
        var described = Describe(recipe, trained.Model);
        var folder = described.Base!.Model;
        var hash = Hash(folder);
        return trained.WeightsHash is null || hash.Equals(trained.WeightsHash, StringComparison.OrdinalIgnoreCase)
            ? described with { Base = new BaseRecipe { Model = folder, WeightsHash = hash } }
            : throw new InvalidDataException(
                $"{folder}: base.weightsHash is {trained.WeightsHash}, but the weights that lie there have {hash}: it is another model by now");
    }

    /// <summary>The SHA-256 of all weights, in the order of their files' names.</summary>
    private static string Hash(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in Directory.GetFiles(folder, "*.safetensors").Order(StringComparer.Ordinal))
        {
            using var stream = File.OpenRead(path);
            var buffer = new byte[1 << 20];
            for (int read; (read = stream.Read(buffer)) > 0;)
            {
                hash.AppendData(buffer, 0, read);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
