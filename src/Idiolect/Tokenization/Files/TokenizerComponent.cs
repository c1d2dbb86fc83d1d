using System.Text.Json;
using System.Text.Json.Serialization;

namespace Idiolect.Tokenization;

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
    public bool? IndividualDigits { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<TokenizerComponent?>? Pretokenizers { get; init; }

    /// <summary>What else a component of a published file has, so that one that is only kept is kept whole.</summary>
    [JsonExtensionData]
    public Dictionary<string, JsonElement>? Others { get; set; }

    internal static TokenizerComponent ByteLevel(bool useRegex, bool addPrefixSpace = false)
        => new() { Type = "ByteLevel", AddPrefixSpace = addPrefixSpace, TrimOffsets = true, UseRegex = useRegex };

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

    internal static TokenizerComponent Digits(bool individual) => new() { Type = "Digits", IndividualDigits = individual };

    /// <summary>A component of a list inside another, such as the normalizers of a Sequence; null where it is no object.</summary>
    internal static TokenizerComponent? Read(JsonElement element)
        => element.ValueKind == JsonValueKind.Object ? element.Deserialize(TokenizerJsonContext.Default.TokenizerComponent) : null;
}
