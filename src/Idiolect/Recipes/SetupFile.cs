using System.Text.Json;
using System.Text.Json.Nodes;

namespace Idiolect.Recipes;

/// <summary>Reads <c>setup.json</c>, in which runs of an earlier version keep their settings side by side.</summary>
internal static class SetupFile
{
    internal const string Name = "setup.json";

    // Its name of each field, by ours.
    private static readonly (string Ours, string Theirs)[] Names =
    [
        ("task", "task"), ("seed", "seed"), ("precision", "precision"), ("threads", "threads"),
        ("model.kind", "model"), ("model.architecture", "architecture"), ("model.order", "order"), ("model.layerCount", "layerCount"),
        ("model.headCount", "headCount"), ("model.keyValueHeadCount", "keyValueHeadCount"), ("model.width", "width"),
        ("model.contextLength", "contextLength"), ("model.dropout", "dropout"), ("model.normFirst", "normFirst"), ("model.labelSmoothing", "labelSmoothing"),
        ("tokenizer.kind", "tokenizer"), ("tokenizer.vocabularySize", "vocabularySize"),
        ("data.source", "data"), ("data.textField", "field"), ("data.labelField", "labelField"), ("data.validationFraction", "validationFraction"),
        ("data.from", "from"), ("data.to", "to"), ("data.split", "split"),
        ("optimizer.kind", "optimizer"), ("optimizer.steps", "steps"), ("optimizer.batchSize", "batchSize"),
        ("optimizer.gradientAccumulation", "gradientAccumulation"), ("optimizer.learningRate", "learningRate"),
        ("optimizer.minimumLearningRate", "minimumLearningRate"), ("optimizer.warmupSteps", "warmupSteps"), ("optimizer.schedule", "schedule"),
        ("optimizer.weightDecay", "weightDecay"), ("optimizer.beta1", "beta1"), ("optimizer.beta2", "beta2"), ("optimizer.l1", "l1"), ("optimizer.l2", "l2"),
        ("optimizer.gradientClip", "gradientClip"), ("optimizer.recompute", "recompute"), ("optimizer.headOnly", "freeze"),
        ("evaluation.every", "evaluateEvery"), ("evaluation.batches", "evaluationBatches"), ("evaluation.earlyStop", "earlyStop"),
        ("evaluation.checkpointEvery", "checkpointEvery"), ("evaluation.keepCheckpoints", "keepCheckpoints"),
    ];

    private static readonly string[] Required =
        ["preset", "layerCount", "width", "contextLength", "batchSize", "steps", "learningRate", "minimumLearningRate"];

    /// <exception cref="InvalidDataException">The file is damaged, or a value in it makes no sense; the message has the file's own names.</exception>
    internal static Recipe Read(string file)
    {
        try
        {
            using var document = JsonDocument.Parse(RecipeFile.Text(file));
            var setup = document.RootElement;
            if (setup.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException($"{file}: expected an object, found {setup.ValueKind}");
            }
            if (Required.FirstOrDefault(name => !setup.TryGetProperty(name, out _)) is { } missing)
            {
                throw new InvalidDataException($"{file}: \"{missing}\" is missing");
            }
            return Convert(setup, file);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new InvalidDataException($"{file}: not valid JSON: {exception.Message}", exception);
        }
    }

    private static Recipe Convert(JsonElement setup, string file)
    {
        var json = RecipeFile.ToJson(new Recipe());
        foreach (var (ours, theirs) in Names)
        {
            if (!setup.TryGetProperty(theirs, out var value) || (theirs == "task" && value.ValueKind == JsonValueKind.Null))
            {
                continue; // it came later than the run
            }
            if (RecipeFields.ByPath[ours].FindProblem(value) is { } problem)
            {
                throw new InvalidDataException($"{file}: \"{theirs}\"{problem[ours.Length..]}");
            }
            var path = ours.Split('.');
            var section = path.Length > 1 ? json[path[0]]!.AsObject() : json;
            section[path[^1]] = JsonNode.Parse(value.GetRawText());
        }
        var recipe = json.Deserialize(RecipeJson.Default.Recipe)!;
        var preset = setup.GetProperty("preset").GetString();
        // A model that was not named was the task's own.
        return recipe with
        {
            PresetName = preset is not null && Recipe.PresetNames.Append(Recipe.TuningPreset).Contains(preset) ? preset : null,
            Model = recipe.Model with
            {
                Kind = !recipe.Translates && recipe.Model.Kind == ModelRecipe.Transformer ? ModelRecipe.Gpt
                    : recipe.Translates && !setup.TryGetProperty("model", out _) ? ModelRecipe.Transformer : recipe.Model.Kind,
            },
        };
    }
}
