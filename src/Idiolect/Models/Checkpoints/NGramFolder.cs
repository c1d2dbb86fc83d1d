using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Idiolect.Formats;
using Idiolect.Tokenization;

namespace Idiolect.Models;

/// <summary>An n-gram model as a folder: config.json with the <c>model_type</c> "ngram", and its counts as integers in model.safetensors.</summary>
public static class NGramFolder
{
    internal const string ModelType = "ngram";

    private static readonly Dictionary<string, string> Names = new()
    {
        [nameof(NGramConfig.VocabularySize)] = "vocab_size",
        [nameof(NGramConfig.Order)] = "order",
        [nameof(NGramConfig.ParameterCount)] = "ngram_count",
    };

    /// <summary>Reads the shape only.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">A field is missing or makes no sense.</exception>
    public static NGramConfig LoadConfig(string folder) => LoadConfig(ConfigFile.Open(folder));

    internal static NGramConfig LoadConfig(ConfigFile file)
    {
        var fields = file.Fields;
        var config = new NGramConfig
        {
            VocabularySize = fields.Integer("vocab_size"),
            Order = fields.Integer("order"),
            ParameterCount = fields.LongInteger("ngram_count"),
            BeginningOfTextId = fields.OptionalInteger("bos_token_id"),
        };
        return fields.Checked(config, config.Validate, Names);
    }

    /// <summary>Reads a model.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or does not hold what the config says.</exception>
    public static NGram Load(string folder) => Load(ConfigFile.Open(folder));

    internal static NGram Load(ConfigFile file)
    {
        var config = LoadConfig(file);
        using var weights = SafetensorsReader.Open(Path.Combine(file.Folder, SafetensorsFolder.FileName));
        if (FolderChecksums.Find(file.Folder)?.Files.GetValueOrDefault(SafetensorsFolder.FileName) is { IsUsable: true } checksum)
        {
            weights.BeginVerification(checksum);
        }
        RequireSizes(file, config, weights);
        try
        {
            var counts = KneserNeyModel<int>.Restore(
                config.Order, config.VocabularySize,
                n => Rows(weights, CountsName(n), KneserNeyModel<int>.CountColumns),
                n => Rows(weights, ContextsName(n), KneserNeyModel<int>.ContextColumns));
            weights.FinishVerification();
            return counts.NGramCount == config.ParameterCount
                ? new NGram(config, counts)
                : throw new InvalidDataException($"it holds {counts.NGramCount} n-grams, {ConfigFile.Name} says {config.ParameterCount}");
        }
        catch (InvalidDataException e)
        {
            throw new InvalidDataException($"{weights.FilePath}: {e.Message}", e);
        }
    }

    /// <summary>Refuses a model whose vocabulary is not the tokenizer's: its tables of probabilities are as long as the config claims.</summary>
    /// <exception cref="InvalidDataException">It is not.</exception>
    internal static void RequireVocabulary(ConfigFile file, Tokenizer tokenizer)
    {
        if (LoadConfig(file).VocabularySize is var claimed && claimed != tokenizer.VocabularySize)
        {
            throw file.Fields.Error("vocab_size", $"{claimed}, but the tokenizer knows {tokenizer.VocabularySize} tokens");
        }
    }

    /// <summary>Writes a model; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made if need be.</param>
    public static void Save(NGram model, string folder)
    {
        var json = new JsonObject
        {
            ["model_type"] = ModelType,
            ["vocab_size"] = model.Config.VocabularySize,
            ["order"] = model.Config.Order,
            ["ngram_count"] = model.Config.ParameterCount,
            ["bos_token_id"] = model.Config.BeginningOfTextId,
            ["eos_token_id"] = model.Config.BeginningOfTextId,
        };
        ConfigFile.Write(folder, json);
        SafetensorsWriter.Write(
            Path.Combine(folder, SafetensorsFolder.FileName),
            Enumerable.Range(1, model.Config.Order).SelectMany(n => new[]
            {
                Source(CountsName(n), model.Counts.CountRows(n), KneserNeyModel<int>.CountColumns),
                Source(ContextsName(n), model.Counts.ContextRows(n), KneserNeyModel<int>.ContextColumns),
            }));
    }

    /// <summary>Refuses sizes that the tensors deny, before anything is made of them. A tensor that is missing is another complaint, later.</summary>
    private static void RequireSizes(ConfigFile file, NGramConfig config, SafetensorsReader weights)
    {
        var longest = Enumerable.Range(1, NGramConfig.HighestOrder).LastOrDefault(n => weights.Tensors.ContainsKey(CountsName(n)));
        if (longest > 0 && longest != config.Order)
        {
            throw file.Fields.Error("order", longest < config.Order
                ? $"{config.Order}, but tensor {CountsName(longest + 1)} is missing" : $"{config.Order}, but there is a tensor {CountsName(longest)}");
        }
        var held = Enumerable.Range(1, longest).Sum(RowCount);
        if (longest > 0 && held != config.ParameterCount)
        {
            throw file.Fields.Error("ngram_count", $"the weights hold {held} n-grams, {ConfigFile.Name} says {config.ParameterCount}");
        }
        if (RowCount(1) is var counted && counted > config.VocabularySize)
        {
            throw file.Fields.Error("vocab_size", $"{config.VocabularySize}, but {counted} different tokens were counted");
        }

        long RowCount(int n) => weights.Tensors.GetValueOrDefault(CountsName(n))?.Shape is [var rows, ..] ? rows : 0;
    }

    private static string CountsName(int n) => $"counts.{n:D2}";

    private static string ContextsName(int n) => $"contexts.{n:D2}";

    private static TensorSource Source(string name, int[] rows, int columns)
        => new(name, [rows.Length / columns, columns], () => MemoryMarshal.Cast<int, float>(rows)) { Type = StoredType.I32 };

    private static int[] Rows(SafetensorsReader file, string name, int columns)
    {
        if (!file.Tensors.TryGetValue(name, out var info) || info.Shape is not [_, var width] || width != columns)
        {
            throw new InvalidDataException($"tensor {name} is missing or has not {columns} columns");
        }
        var rows = new int[info.ElementCount];
        file.ReadIntegers(name, rows);
        return rows;
    }
}
