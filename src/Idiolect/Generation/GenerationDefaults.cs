using System.Text.Json.Nodes;
using Idiolect.Formats;
using Idiolect.Models;

namespace Idiolect.Generation;

/// <summary>
/// What a model folder's <c>generation_config.json</c> asks for, with transformers' meaning: how its model is meant to write unless somebody says otherwise.
/// A field that the file lacks is null or empty, and then the default of <see cref="GenerationOptions"/> holds.
/// </summary>
public sealed partial record GenerationDefaults
{
    /// <summary>The file's name.</summary>
    public const string FileName = GptConfigJson.GenerationName;

    private JsonObject? _file;

    /// <summary>Tokens that end a text, besides the tokenizer's and the config's (<c>eos_token_id</c>, a number or a list); null for no more.</summary>
    public IReadOnlyList<int>? EndOfTextIds { get; init; }

    /// <summary>The most tokens to write (<c>max_new_tokens</c>).</summary>
    public int? MaxTokens { get; init; }

    /// <summary>The most tokens of prompt and text together (<c>max_length</c>), where the file does not say <see cref="MaxTokens"/>.</summary>
    public int? MaxLength { get; init; }

    /// <summary>Divides the scores (<c>temperature</c>); 0 where <c>do_sample</c> is false.</summary>
    public float? Temperature { get; init; }

    /// <summary>The likeliest tokens that are considered (<c>top_k</c>).</summary>
    public int? TopK { get; init; }

    /// <summary>The probability that considered tokens have together (<c>top_p</c>).</summary>
    public float? TopP { get; init; }

    /// <summary>The share of the likeliest token's probability that others need (<c>min_p</c>).</summary>
    public float? MinP { get; init; }

    /// <summary>Makes tokens that already stand in the text less likely (<c>repetition_penalty</c>).</summary>
    public float? RepetitionPenalty { get; init; }

    /// <summary>Strings that end a text (<c>stop_strings</c>).</summary>
    public IReadOnlyList<string> StopStrings { get; init; } = [];

    /// <summary>Texts to write from each prompt (<c>num_return_sequences</c>).</summary>
    public int? Samples { get; init; }

    /// <summary>Fields of the file that would change the text and that Idiolect does not have: it writes as if they were not there.</summary>
    public IReadOnlyList<string> Unsupported { get; init; } = [];

    /// <summary>Reads the file of a model folder; a folder without one asks for nothing.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="InvalidDataException">The file is damaged, or a field makes no sense; the message names it.</exception>
    public static GenerationDefaults Load(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
        {
            return new GenerationDefaults();
        }
        FileKind.RequireRegular(path);
        var fields = new JsonFields(File.ReadAllText(path), path);
        return Read(fields) with { _file = fields.ToJsonObject() };
    }

    /// <summary>Options with these defaults.</summary>
    /// <param name="options">What the file does not say.</param>
    public GenerationOptions Over(GenerationOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options with
        {
            MaxTokens = MaxTokens ?? (MaxLength is null ? options.MaxTokens : int.MaxValue),
            MaxLength = MaxTokens is null ? MaxLength ?? options.MaxLength : options.MaxLength,
            Temperature = Temperature ?? options.Temperature,
            TopK = TopK ?? options.TopK,
            TopP = TopP ?? options.TopP,
            MinP = MinP ?? options.MinP,
            RepetitionPenalty = RepetitionPenalty ?? options.RepetitionPenalty,
            StopStrings = StopStrings.Count > 0 ? StopStrings : options.StopStrings,
            Samples = Samples ?? options.Samples,
        };
    }

    /// <summary>Writes the file that was read into a folder, atomically and with all its fields; nothing where there was none.</summary>
    /// <param name="folder">The folder, made if need be.</param>
    internal void Save(string folder)
    {
        if (_file is { } fields)
        {
            AtomicFile.Write(Path.Combine(folder, FileName), ConfigText.Indented(fields));
        }
    }
}
