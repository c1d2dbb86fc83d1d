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

    /// <summary>What no version of the format has.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
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

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
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

    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }
}

/// <summary><c>tokenizer_config.json</c> as we write it; transformers reads it first.</summary>
internal sealed record TokenizerConfiguration
{
    public string TokenizerClass { get; init; } = "PreTrainedTokenizerFast";

    public string? BosToken { get; init; }

    public string? EosToken { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? MaskToken { get; init; }

    /// <summary>True, transformers' old default, would change spaces when decoding.</summary>
    public bool CleanUpTokenizationSpaces { get; init; }

    /// <summary>What the post-processor of <c>tokenizer.json</c> does, again: transformers 5 goes by this.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? AddBosToken { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? AddEosToken { get; init; }

    /// <summary>Whether special tokens written in a prompt are text.</summary>
    public bool SplitSpecialTokens { get; init; }
}
