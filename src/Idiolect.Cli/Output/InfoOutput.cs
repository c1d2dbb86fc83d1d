using System.Globalization;
using System.Text.Json;

using Idiolect.Cli.Runs;
using Idiolect.Generation;
using Idiolect.Recipes;

using Spectre.Console;

namespace Idiolect.Cli.Output;

/// <summary>Shows what a run is: a table, aligned lines in a pipe, or one object.</summary>
internal static class InfoOutput
{
    private const int MostLabels = 20; // named

    internal static void Write(RunInfo info, Terminal terminal)
    {
        var rows = Rows(info).ToArray();
        if (!terminal.Live)
        {
            var width = rows.Max(row => row.Name.Length);
            foreach (var (name, value) in rows)
            {
                terminal.Out.WriteLine($"{name.PadRight(width)}  {value}");
            }
            return;
        }
        var table = new Table { Border = TableBorder.Rounded, ShowHeaders = false };
        table.AddColumns("", "");
        foreach (var (name, value) in rows)
        {
            table.AddRow(new Text(name), new Text(value));
        }
        terminal.CreateConsole().Write(table);
    }

    internal static void WriteJson(RunInfo info, TextWriter output) => new JsonLines(output).Write("info", json =>
    {
        json.WriteString("run", info.Folder);
        if (info.Model is { } model)
        {
            json.WriteStartObject("model");
            json.WriteString("architecture", model.Architecture);
            json.WriteNumber("parameters", model.Parameters);
            if (model.Order > 0)
            {
                json.WriteNumber("order", model.Order);
            }
            else
            {
                json.WriteNumber("layers", model.LayerCount);
            }
            if (model.HeadCount > 0)
            {
                json.WriteNumber("heads", model.HeadCount);
                json.WriteNumber("kvHeads", model.KeyValueHeadCount);
            }
            if (model.Order == 0)
            {
                json.WriteNumber("width", model.Width);
                json.WriteNumber("context", model.ContextLength);
                json.WriteNumber("trainingBytes", model.TrainingBytes);
            }
            json.WriteNumber("vocab", model.VocabularySize);
            json.WriteString("tokenizer", model.Tokenizer);
            json.WriteNumber("inferenceBytes", model.InferenceBytes);
            if (model.Labels is { } labels)
            {
                json.WriteStartArray("labels");
                foreach (var label in labels)
                {
                    json.WriteStringValue(label);
                }
                json.WriteEndArray();
            }
            WriteGeneration(model.Generation, json);
            if (info.Damage is { } damage)
            {
                json.WriteString("damage", damage);
            }
            json.WriteEndObject();
        }
        if (info.Recipe is { } recipe)
        {
            json.WriteStartObject("training");
            json.WriteString("preset", recipe.PresetName);
            json.WriteString("data", recipe.Data.Source);
            json.WriteNumber("steps", recipe.Optimizer.Steps);
            json.WriteNumber("batch", recipe.Optimizer.BatchSize);
            json.WriteFinite("learningRate", recipe.Optimizer.LearningRate);
            json.WriteNumber("seed", recipe.Seed);
            json.WriteEndObject();
        }
        json.WriteStartObject("history");
        json.WriteNumber("steps", info.History.StepsDone);
        if (info.History.DamagedLines.Count > 0)
        {
            WriteNumbers("damagedLines", info.History.DamagedLines, json);
        }
        json.WriteFinite("stepSeconds", Math.Round(info.History.StepTime.TotalSeconds, 3));
        json.WriteFinite("valLoss", info.History.Best?.ValidationLoss);
        json.WriteFinite("bitsPerByte", info.History.Best?.BitsPerByte);
        if (info.History.Best?.Accuracy is { } share)
        {
            json.WriteFinite("accuracy", share);
        }
        json.WriteEndObject();
    });

    /// <summary>What generation_config.json says, under its own names; nothing where there is none.</summary>
    private static void WriteGeneration(GenerationDefaults defaults, Utf8JsonWriter json)
    {
        if (!Fields(defaults).Any())
        {
            return;
        }
        json.WriteStartObject("generation");
        foreach (var (name, value) in Fields(defaults))
        {
            switch (value)
            {
                case int number:
                    json.WriteNumber(name, number);
                    break;
                case float number:
                    json.WriteNumber(name, number);
                    break;
                case IReadOnlyList<int> numbers:
                    WriteNumbers(name, numbers, json);
                    break;
                case IReadOnlyList<string> texts:
                    json.WriteStartArray(name);
                    foreach (var text in texts)
                    {
                        json.WriteStringValue(text);
                    }
                    json.WriteEndArray();
                    break;
            }
        }
        json.WriteEndObject();
    }

    private static void WriteNumbers(string name, IReadOnlyList<int> numbers, Utf8JsonWriter json)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
        {
            json.WriteNumberValue(number);
        }
        json.WriteEndArray();
    }

    private static IEnumerable<(string Name, object Value)> Fields(GenerationDefaults defaults) => new (string Name, object? Value)[]
    {
        ("eos_token_id", defaults.EndOfTextIds),
        ("max_new_tokens", defaults.MaxTokens),
        ("max_length", defaults.MaxLength),
        ("temperature", defaults.Temperature),
        ("top_k", defaults.TopK),
        ("top_p", defaults.TopP),
        ("min_p", defaults.MinP),
        ("repetition_penalty", defaults.RepetitionPenalty),
        ("stop_strings", defaults.StopStrings.Count > 0 ? defaults.StopStrings : null),
        ("num_return_sequences", defaults.Samples),
        ("unsupported", defaults.Unsupported.Count > 0 ? defaults.Unsupported : null),
    }.Where(field => field.Value is not null).Select(field => (field.Name, field.Value!));

    private static string Say(object value) => value switch
    {
        IReadOnlyList<int> numbers => string.Join(", ", numbers),
        IReadOnlyList<string> texts => string.Join(", ", texts.Select(ReadableText.Printable)),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => value.ToString()!,
    };

    private static IEnumerable<(string Name, string Value)> Rows(RunInfo info)
    {
        yield return ("folder", info.Folder);
        foreach (var row in info.Model is { } model ? Rows(model) : info.Recipe is { } shape ? Rows(shape) : [])
        {
            yield return row;
        }
        if (info.Damage is { } damage)
        {
            yield return ("damaged", damage);
        }
        if (info.Model?.Labels is { } labels)
        {
            yield return ("labels", $"{labels.Count}: {string.Join(", ", labels.Take(MostLabels).Select(ReadableText.Printable))}{(labels.Count > MostLabels ? ", ..." : "")}");
        }
        if (info.Model?.Generation is { } defaults && Fields(defaults).Any())
        {
            yield return ("generation", string.Join("; ", Fields(defaults).Select(field => $"{field.Name} {Say(field.Value)}")));
        }
        if (info.Recipe is { } recipe)
        {
            yield return ("corpus", recipe.Data.Source);
        }
        if (info.Recipe is { } trained && trained.Model.Kind != ModelRecipe.NGram)
        {
            yield return ("batch", (trained.Classifies ? $"{trained.Optimizer.BatchSize} texts" : $"{trained.Optimizer.BatchSize} x {trained.Model.ContextLength} tokens")
                + (trained.Optimizer.GradientAccumulation > 1 ? $", {trained.Optimizer.GradientAccumulation} a step" : ""));
            yield return ("learning rate", string.Create(
                CultureInfo.InvariantCulture, $"{trained.Optimizer.LearningRate:g4}, {trained.Optimizer.Schedule}, warm-up of {trained.Optimizer.WarmupSteps} steps"));
        }
        foreach (var row in Rows(info.History, info.Recipe))
        {
            yield return row;
        }
    }

    private static IEnumerable<(string Name, string Value)> Rows(ModelSummary model) => model.Order > 0 ? NGramRows(model) : NetworkRows(model);

    private static IEnumerable<(string Name, string Value)> NGramRows(ModelSummary model) =>
    [
        ("n-grams", ReadableText.Whole(model.Parameters)),
        ("shape", TrainingText.NGramShape(model.Order)),
        ("tokenizer", $"{model.Tokenizer}, vocabulary of {ReadableText.Whole(model.VocabularySize)}"),
        ("memory to generate", Mebibytes(model.InferenceBytes)),
    ];

    private static IEnumerable<(string Name, string Value)> NetworkRows(ModelSummary model) =>
    [
        ("parameters", ReadableText.Whole(model.Parameters)),
        ("shape", TrainingText.Shape(model.Architecture, model.LayerCount, model.HeadCount, model.KeyValueHeadCount, model.Width, model.ContextLength)),
        ("tokenizer", $"{model.Tokenizer}, vocabulary of {ReadableText.Whole(model.VocabularySize)}"),
        ("memory to train", $"{Mebibytes(model.TrainingBytes)} and the activations of a batch"),
        ("memory to generate", Mebibytes(model.InferenceBytes)),
    ];

    private static IEnumerable<(string Name, string Value)> Rows(Recipe recipe) =>
    [
        ("shape", TrainingText.Shape(recipe)),
        ("tokenizer", recipe.Tokenizer.Kind == "bpe" ? $"bpe, vocabulary of {ReadableText.Whole(recipe.Tokenizer.VocabularySize)}" : recipe.Tokenizer.Kind),
    ];

    private static IEnumerable<(string Name, string Value)> Rows(TrainingHistory history, Recipe? recipe)
    {
        var done = history.StepsDone;
        yield return ("trained", done == 0
            ? "not yet"
            : $"{ReadableText.Whole(done)}{(recipe is null ? "" : $" of {ReadableText.Whole(recipe.Optimizer.Steps)}")} steps in "
                + TrainingText.Clock(history.StepTime));
        if (history.DamagedLines.Count > 0)
        {
            yield return ("metrics", TrainingText.Damaged(history.DamagedLines));
        }
        if (history.Best is { } best)
        {
            yield return ("best validation loss", string.Create(
                CultureInfo.InvariantCulture, $"{best.ValidationLoss:0.000} at step {best.Step} ({(best.Accuracy is { } share ? string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0}% right") : string.Create(CultureInfo.InvariantCulture, $"{best.BitsPerByte:0.000} bits per byte"))})"));
        }
    }

    private static string Mebibytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1048576.0:#,0.0} MiB");
}
