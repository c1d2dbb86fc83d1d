namespace Idiolect.Recipes;

/// <summary>What of a recipe has a use.</summary>
public static class RecipeUse
{
    /// <summary>
    /// The settings of a recipe that leave other fields without a use, with these: such as <c>model.kind lstm</c>, which has no heads. A
    /// file must not have them.
    /// </summary>
    /// <param name="recipe">The recipe.</param>
    public static IEnumerable<(string Setting, IReadOnlyList<string> Fields)> FindFieldsWithoutUse(this Recipe recipe)
    {
        var task = $"task {recipe.Task}";
        if (recipe.Translates)
        {
            yield return (task, ["data.textField", "data.validationFraction", "model.order", "optimizer.recompute", "evaluation.batches"]);
        }
        else
        {
            yield return (task, ["data.from", "data.to", "data.split", "model.normFirst", "model.labelSmoothing"]);
        }
        if (!recipe.Classifies)
        {
            yield return (task, ["data.labelField", "optimizer.headOnly"]);
        }
        if (recipe.Translates || recipe.Classifies)
        {
            yield return (task, ["data.moreSources", "data.validationSource", "data.separator", "data.encoding", "data.skipBad"]);
        }
        else if (recipe.Data.ValidationSource is not null)
        {
            yield return ("data.validationSource", ["data.validationFraction"]);
        }
        yield return ($"model.kind {recipe.Model.Kind}", (recipe.Translates, recipe.Model.Kind) switch
        {
            (true, ModelRecipe.Gpt) => ["model.normFirst", "model.labelSmoothing"],
            (true, ModelRecipe.Transformer) => ["model.architecture", "model.keyValueHeadCount"],
            (true, _) => ["model.architecture", "model.headCount", "model.keyValueHeadCount", "model.normFirst"],
            (_, ModelRecipe.NGram) =>
            [
                "precision", "model.architecture", "model.layerCount", "model.headCount", "model.keyValueHeadCount", "model.width",
                "model.contextLength", "model.dropout", .. RecipeFields.All.Select(field => field.Path).Where(path => path.StartsWith("optimizer.", StringComparison.Ordinal)),
                "evaluation.every", "evaluation.earlyStop", "evaluation.checkpointEvery", "evaluation.keepCheckpoints",
            ],
            (_, ModelRecipe.Bert) => ["model.architecture", "model.keyValueHeadCount", "model.order", "optimizer.recompute"],
            (_, ModelRecipe.Rnn or ModelRecipe.Lstm or ModelRecipe.Gru) =>
                ["model.architecture", "model.headCount", "model.keyValueHeadCount", "model.order", "optimizer.recompute"],
            _ => ["model.order"],
        });
        if (recipe.Base is not null)
        {
            yield return ("base", ["tokenizer.kind", "tokenizer.vocabularySize", "model.dropout"]);
        }
        else if (recipe.Tokenizer.Kind != TokenizerRecipe.Bpe)
        {
            yield return ($"tokenizer.kind {recipe.Tokenizer.Kind}", ["tokenizer.vocabularySize"]);
        }
    }
}
