using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Idiolect.Formats;

namespace Idiolect.Recipes;

/// <summary>Reads and writes recipes as JSON: every complaint names the file and the field.</summary>
internal static class RecipeFile
{
    private const int DeepestNesting = 8;
    private const int LongestQuote = 60;
    private const long LargestFile = 1 << 20;

    /// <exception cref="InvalidDataException">The file is too large to be a recipe, or no regular file.</exception>
    internal static string Text(string path)
    {
        FileKind.RequireRegular(path);
        return new FileInfo(path).Length <= LargestFile
            ? File.ReadAllText(path)
            : throw new InvalidDataException($"{path} is no recipe: it has more than {LargestFile >> 20} MiB");
    }

    /// <summary>Reads a recipe.</summary>
    /// <param name="text">The file.</param>
    /// <param name="file">Its name.</param>
    /// <param name="start">The recipe of a preset's name, whose values stand for what the file leaves out.</param>
    /// <exception cref="InvalidDataException">A field makes no sense, or fields do not fit each other.</exception>
    internal static Recipe Read(string text, string file, Func<string, Recipe> start)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions
            {
                MaxDepth = DeepestNesting,
                AllowTrailingCommas = true,
                CommentHandling = JsonCommentHandling.Skip,
            });
            var root = document.RootElement;
            var present = new HashSet<string>();
            if ((FindProblem(root, present) ?? FindIncompleteBase(root, present)) is { } problem)
            {
                throw new InvalidDataException($"{file}: {problem}");
            }
            var recipe = Merge(PresetOf(root) is var name && name == Recipe.TuningPreset ? TuningOf(root) : start(name), root);
            RejectUseless(recipe, present, file);
            Validate(recipe);
            return recipe;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException) // the latter: half a surrogate pair in a name
        {
            throw new InvalidDataException($"{file}: not valid JSON: {Shorten(exception.Message)}", exception);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"{file}: {exception.Message}", exception);
        }
    }

    /// <exception cref="ArgumentException">Its values make no sense or do not fit each other; the message names the fields.</exception>
    internal static void Validate(Recipe recipe)
    {
        using var document = JsonDocument.Parse(ToJson(recipe).ToJsonString());
        if ((FindProblem(document.RootElement, []) ?? recipe.FindMisfit()) is { } problem)
        {
            throw new ArgumentException(problem);
        }
    }

    internal static void Write(Recipe recipe, string path)
        => AtomicFile.Write(path, ToUsefulJson(recipe).ToJsonString(RecipeJson.Default.Options) + "\n");

    /// <summary>The fields of a recipe that it has a use for and that say something.</summary>
    internal static JsonObject ToUsefulJson(Recipe recipe)
    {
        var json = ToJson(recipe);
        foreach (var field in recipe.FindFieldsWithoutUse().SelectMany(group => group.Fields))
        {
            Remove(json, field.Split('.'));
        }
        foreach (var empty in json.Where(field => field.Value is null or JsonObject { Count: 0 }).Select(field => field.Key).ToArray())
        {
            json.Remove(empty);
        }
        foreach (var section in json.Select(field => field.Value).OfType<JsonObject>())
        {
            foreach (var empty in section.Where(field => field.Value is null).Select(field => field.Key).ToArray())
            {
                section.Remove(empty);
            }
        }
        return json;
    }

    /// <summary>All fields of a recipe.</summary>
    internal static JsonObject ToJson(Recipe recipe) => (JsonObject)JsonSerializer.SerializeToNode(recipe, RecipeJson.Default.Recipe)!;

    /// <summary>What is wrong with the fields of an object; null where each makes sense.</summary>
    /// <param name="root">The object.</param>
    /// <param name="present">Filled with the paths of its fields.</param>
    internal static string? FindProblem(JsonElement root, HashSet<string> present)
        => root.ValueKind == JsonValueKind.Object ? FindProblem(root, "", present) : "a recipe is one JSON object";

    private static string? FindProblem(JsonElement node, string section, HashSet<string> present)
    {
        foreach (var property in node.EnumerateObject())
        {
            var path = section.Length > 0 ? $"{section}.{property.Name}" : property.Name;
            if (!present.Add(path))
            {
                return $"{Cut(path)} stands there twice";
            }
            var problem = section.Length == 0 && RecipeFields.Sections.Contains(path)
                ? property.Value.ValueKind switch
                {
                    JsonValueKind.Object => FindProblem(property.Value, path, present),
                    JsonValueKind.Null when path == "base" => null,
                    _ => $"{path} must be an object with {string.Join(", ", RecipeFields.NamesIn(path))}",
                }
                : RecipeFields.ByPath.TryGetValue(path, out var field)
                ? field.FindProblem(property.Value)
                : $"unknown field {Cut(path)}; {(section.Length > 0 ? section : "a recipe")} has {string.Join(", ", RecipeFields.NamesIn(section))}";
            if (problem is not null)
            {
                return problem;
            }
        }
        return null;
    }

    private static string? FindIncompleteBase(JsonElement root, HashSet<string> present)
        => root.TryGetProperty("base", out var trained) && trained.ValueKind == JsonValueKind.Object && !present.Contains("base.model") ? "base.model is missing; it must be the path of a run or a model folder" : null;

    /// <summary>The preset that a file starts from: the one that it names, or the one of its task and kind of model.</summary>
    private static string PresetOf(JsonElement root)
    {
        var kind = root.TryGetProperty("model", out var model) && model.TryGetProperty("kind", out var name) ? name.GetString() : null;
        var task = Word(root, "task");
        return Word(root, "preset")
            ?? (task == Recipe.TranslateTask ? "translate"
            : task == Recipe.ClassifyTask ? Recipe.TuningPreset
            : kind is not null && Recipe.PresetNames.Contains(kind) ? kind
            : Recipe.DefaultPreset);
    }

    /// <summary>What a classifier starts from follows from what the file says of its steps.</summary>
    private static Recipe TuningOf(JsonElement root)
    {
        JsonElement? Field(string name) => root.TryGetProperty("optimizer", out var section) && section.TryGetProperty(name, out var value) ? value : null;
        var tuning = Recipe.Tuning;
        var start = tuning with { Optimizer = tuning.Optimizer with { HeadOnly = Field("headOnly")?.GetBoolean() ?? false } };
        return start.WithTuningSteps(Field("steps")?.GetInt32() ?? tuning.Optimizer.Steps, Field("learningRate")?.GetDouble());
    }

    private static string? Word(JsonElement root, string name)
        => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static Recipe Merge(Recipe start, JsonElement changes)
    {
        // All fields are there when this is read: the source generator would set those that are not to zero.
        var json = ToJson(start);
        foreach (var field in changes.EnumerateObject())
        {
            if (field.Value.ValueKind == JsonValueKind.Object && json[field.Name] is JsonObject section)
            {
                foreach (var inner in field.Value.EnumerateObject())
                {
                    section[inner.Name] = JsonNode.Parse(inner.Value.GetRawText());
                }
            }
            else
            {
                json[field.Name] = JsonNode.Parse(field.Value.GetRawText());
            }
        }
        return json.Deserialize(RecipeJson.Default.Recipe)!;
    }

    /// <exception cref="InvalidDataException">The file has a field that its other fields leave without a use.</exception>
    private static void RejectUseless(Recipe recipe, HashSet<string> present, string file)
    {
        foreach (var (setting, fields) in recipe.FindFieldsWithoutUse())
        {
            if (fields.FirstOrDefault(present.Contains) is { } useless)
            {
                throw new InvalidDataException($"{file}: {useless} means nothing to {setting}; leave it out");
            }
        }
    }

    private static string Cut(string text) => text.Length <= LongestQuote ? text : $"{text.AsSpan(0, LongestQuote)}...";

    /// <summary>The JSON reader quotes all of the file that might have been a word: "now and then ..." is no null.</summary>
    private static string Shorten(string message)
        => message.LastIndexOf("' is an invalid JSON literal", StringComparison.Ordinal) is var end && end > 1 + LongestQuote
            ? $"{message.AsSpan(0, 1 + LongestQuote)}...{message.AsSpan(end)}" : message;

    private static void Remove(JsonObject json, string[] path)
    {
        var section = path.Length > 1 ? json[path[0]] as JsonObject : json;
        section?.Remove(path[^1]);
    }
}

/// <summary>Recipes without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, IgnoreReadOnlyProperties = true, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(Recipe))]
internal sealed partial class RecipeJson : JsonSerializerContext;
