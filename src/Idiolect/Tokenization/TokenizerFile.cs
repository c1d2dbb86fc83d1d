using System.Text.Json;
using System.Text.Json.Serialization;

namespace Idiolect.Tokenization;

/// <summary><c>tokenizer.json</c> as Hugging Face's tokenizers library writes it; the parts that BPE tokenizers use.</summary>
internal sealed record TokenizerFile
{
    public string? Version { get; init; } = "1.0";

    public JsonElement? Truncation { get; init; }

    public JsonElement? Padding { get; init; }

    public IReadOnlyList<AddedToken>? AddedTokens { get; init; } = [];

    public TokenizerComponent? Normalizer { get; init; }

    public TokenizerComponent? PreTokenizer { get; init; }

    public TokenizerComponent? PostProcessor { get; init; }

    public TokenizerComponent? Decoder { get; init; }

    public BytePairModel? Model { get; init; }
}

/// <summary>A token beside the model's vocabulary, usually a special one.</summary>
internal sealed record AddedToken
{
    public required int Id { get; init; }

    public required string Content { get; init; }

    public bool SingleWord { get; init; }

    public bool Lstrip { get; init; }

    public bool Rstrip { get; init; }

    public bool Normalized { get; init; }

    public bool Special { get; init; } = true;
}

/// <summary>The model: its vocabulary and its merges, best first.</summary>
internal sealed record BytePairModel
{
    public string? Type { get; init; } = "BPE";

    public double? Dropout { get; init; }

    public string? UnkToken { get; init; }

    public string? ContinuingSubwordPrefix { get; init; }

    public string? EndOfWordSuffix { get; init; }

    public bool FuseUnk { get; init; }

    public bool ByteFallback { get; init; }

    public bool IgnoreMerges { get; init; }

    public Dictionary<string, int>? Vocab { get; init; }

    [JsonConverter(typeof(MergeListConverter))]
    public List<(string Left, string Right)>? Merges { get; init; }
}

/// <summary>A normaliser, pre-tokeniser, post-processor or decoder; which members count depends on the type.</summary>
internal sealed record TokenizerComponent
{
    public string? Type { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? AddPrefixSpace { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? TrimOffsets { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? UseRegex { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? Pattern { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Behavior { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Invert { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<TokenizerComponent?>? Pretokenizers { get; init; }

    /// <summary>What else a component of a published file has, so that one that is only kept is kept whole.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }

    internal static TokenizerComponent ByteLevel(bool useRegex)
        => new() { Type = "ByteLevel", AddPrefixSpace = false, TrimOffsets = true, UseRegex = useRegex };

    internal static TokenizerComponent Fuse() => new() { Type = "Fuse" };

    internal static TokenizerComponent Sequence(params IReadOnlyList<TokenizerComponent> components)
        => new() { Type = "Sequence", Pretokenizers = components };

    internal static TokenizerComponent Split(string regex) => new()
    {
        Type = "Split",
        Pattern = JsonSerializer.SerializeToElement(new() { ["Regex"] = regex }, TokenizerJsonContext.Default.DictionaryStringString),
        Behavior = "Isolated",
        Invert = false,
    };
}

/// <summary><c>tokenizer_config.json</c>, which transformers reads first.</summary>
internal sealed record TokenizerConfiguration
{
    public string? TokenizerClass { get; init; } = "PreTrainedTokenizerFast";

    /// <summary>A string, or an object whose "content" is one.</summary>
    public JsonElement? BosToken { get; init; }

    public JsonElement? EosToken { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public JsonElement? MaskToken { get; init; }

    /// <summary>True, transformers' old default, would change spaces when decoding. Written only.</summary>
    public bool? CleanUpTokenizationSpaces { get; init; } = false;
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowDuplicateProperties = false,
    WriteIndented = true)]
[JsonSerializable(typeof(TokenizerFile))]
[JsonSerializable(typeof(TokenizerConfiguration))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(Dictionary<string, int>))]
internal sealed partial class TokenizerJsonContext : JsonSerializerContext;
