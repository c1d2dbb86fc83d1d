using System.Text.Json;
using System.Text.Json.Serialization;

namespace Idiolect.Tokenization;

/// <summary>How a tokenizer's files are read and written.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowDuplicateProperties = false,
    WriteIndented = true)]
[JsonSerializable(typeof(TokenizerFile))]
[JsonSerializable(typeof(TokenizerConfiguration))]
[JsonSerializable(typeof(TokenizerComponent[]))]
[JsonSerializable(typeof(Dictionary<string, JsonElement>))]
[JsonSerializable(typeof(Dictionary<string, string>))]
[JsonSerializable(typeof(Dictionary<string, int>))]
internal sealed partial class TokenizerJsonContext : JsonSerializerContext;
