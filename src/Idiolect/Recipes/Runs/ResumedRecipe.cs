using System.Text.Json.Nodes;

namespace Idiolect.Recipes;

/// <summary>What a run that goes on may not change.</summary>
internal static class ResumedRecipe
{
    // The weights, the tokens and the random numbers so far follow from these; and the moments of one optimiser mean nothing to another.
    private static readonly string[] Lasting =
    [
        "task", "seed", "base.model", "base.weightsHash",
        .. RecipeFields.All.Select(field => field.Path).Where(path => path.StartsWith("model.", StringComparison.Ordinal)),
        "tokenizer.kind", "tokenizer.vocabularySize", "data.from", "data.to", "optimizer.kind", "optimizer.headOnly",
    ];

    /// <summary>The recipe that a run goes on with.</summary>
    /// <param name="begun">The one that it was going by.</param>
    /// <param name="changed">The one that it shall go on with.</param>
    /// <param name="stepsTaken">The run's steps.</param>
    /// <exception cref="ArgumentException">It cannot; the message names the field.</exception>
    internal static Recipe Continue(Recipe begun, Recipe changed, long stepsTaken)
    {
        begun = begun.WithLastingPaths();
        changed.Validate();
        // What was left open stays what was found when the run began.
        changed = changed.WithLastingPaths() with { Precision = changed.Precision ?? begun.Precision };
        if (begun.Base is { } trained && changed.Base is { } given)
        {
            changed = changed with
            {
                Base = given with { WeightsHash = given.WeightsHash ?? trained.WeightsHash },
                Model = begun.Model with { ContextLength = changed.Model.ContextLength }, // the rest only says what the base is
            };
        }
        changed = changed.Resolve();
        var (before, now) = (RecipeFile.ToUsefulJson(begun.Resolve()), RecipeFile.ToUsefulJson(changed));
        return Lasting.FirstOrDefault(field => Value(before, field) != Value(now, field)) is { } different
            ? throw new ArgumentException($"{different} is {Value(before, different)} in this run and cannot become {Value(now, different)}; leave it as it is, or start a new run")
            : changed.ValidateSteps(stepsTaken);
    }

    private static string Value(JsonObject recipe, string field)
    {
        var node = field.Split('.').Aggregate<string, JsonNode?>(recipe, (section, name) => section?[name]);
        return node?.ToJsonString(RecipeJson.Default.Options) ?? "null";
    }
}
