using System.Globalization;
using System.Text.Json;
using Idiolect.Formats;

namespace Idiolect.Tokenization;

/// <summary>Reads <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> as transformers does.</summary>
internal static class TokenizerSettingsReader
{
    private const string ConfigurationName = "tokenizer_config.json";
    private const string MapName = "special_tokens_map.json";

    private static readonly string[] SpecialFields = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];
    private static readonly string[] ListFields = ["additional_special_tokens", "extra_special_tokens"];
    private static readonly string[] MembersOfOld = ["tokenizer_class", "bos_token", "eos_token", "clean_up_tokenization_spaces"];

    /// <summary>What the files of a folder say; nothing where there are none.</summary>
    /// <exception cref="InvalidDataException">A file is damaged.</exception>
    internal static TokenizerSettings Read(string folder)
    {
        var settings = new TokenizerSettings();
        var hasOptions = false;
        var path = Path.Combine(folder, ConfigurationName);
        if (File.Exists(path))
        {
            var fields = new FieldReader(path);
            var members = JsonFile.Read(path, TokenizerJsonContext.Default.DictionaryStringJsonElement);
            hasOptions = members.ContainsKey("added_tokens_decoder");
            settings = new()
            {
                TokenizerClass = members.GetValueOrDefault("tokenizer_class") is { ValueKind: JsonValueKind.String } name ? name.Text() : null,
                Named = [.. Named(members, fields)],
                Added = hasOptions ? [.. Added(members["added_tokens_decoder"], fields)] : [],
                AddsBeginning = Boolean(members, "add_bos_token", fields),
                AddsEnd = Boolean(members, "add_eos_token", fields),
                AddsPrefixSpace = Boolean(members, "add_prefix_space", fields),
                SplitsSpecialTokens = Boolean(members, "split_special_tokens", fields) ?? false,
                IsOursOfOld = IsOursOfOld(members),
            };
        }
        path = Path.Combine(folder, MapName);
        if (hasOptions || !File.Exists(path))
        {
            return settings; // the map is of a time before the options
        }
        NamedToken[] named = [.. Named(JsonFile.Read(path, TokenizerJsonContext.Default.DictionaryStringJsonElement), new FieldReader(path))];
        return settings with { Named = [.. named, .. settings.Named.ExceptBy(named.Select(token => token.Field), token => token.Field)] };
    }

    private static bool IsOursOfOld(Dictionary<string, JsonElement> members)
        => MembersOfOld.All(members.ContainsKey) && members.Keys.Except(MembersOfOld).All(name => name == "mask_token")
            && members["tokenizer_class"].Text() == "PreTrainedTokenizerFast" && members["clean_up_tokenization_spaces"].ValueKind == JsonValueKind.False;

    private static bool? Boolean(Dictionary<string, JsonElement> members, string name, FieldReader fields)
        => !members.TryGetValue(name, out var value) ? null : value.ValueKind switch
        {
            JsonValueKind.True => true,
            JsonValueKind.False => false,
            JsonValueKind.Null => null,
            _ => throw fields.Invalid(name, "is neither true nor false"),
        };

    private static IEnumerable<NamedToken> Named(Dictionary<string, JsonElement> members, FieldReader fields)
    {
        foreach (var field in SpecialFields)
        {
            if (members.TryGetValue(field, out var value) && value.ValueKind != JsonValueKind.Null)
            {
                yield return new(field, Token(value, field, fields));
            }
        }
        foreach (var field in ListFields)
        {
            // A list of tokens, or an object of names and tokens.
            var tokens = !members.TryGetValue(field, out var value) ? [] : value.ValueKind switch
            {
                JsonValueKind.Null => [],
                JsonValueKind.Array => value.EnumerateArray(),
                JsonValueKind.Object => value.EnumerateObject().Select(member => member.Value),
                _ => throw fields.Invalid(field, "is no list of tokens"),
            };
            foreach (var (i, token) in tokens.Index())
            {
                yield return new(field, Token(token, $"{field}[{i}]", fields));
            }
        }
    }

    private static IEnumerable<AddedToken> Added(JsonElement decoder, FieldReader fields)
    {
        if (decoder.ValueKind == JsonValueKind.Null)
        {
            yield break;
        }
        fields.Require(decoder.ValueKind == JsonValueKind.Object, "added_tokens_decoder", "is no object of ids and tokens");
        foreach (var member in decoder.EnumerateObject())
        {
            var field = $"added_tokens_decoder['{member.Name}']";
            fields.Require(int.TryParse(member.Name, NumberStyles.None, CultureInfo.InvariantCulture, out var id), field, "has a name that is no id");
            yield return Token(member.Value, field, fields, special: false) with { Id = id };
        }
    }

    // A string, or an object whose "content" is one.
    private static AddedToken Token(JsonElement value, string field, FieldReader fields, bool special = true)
    {
        var isObject = value.ValueKind == JsonValueKind.Object;
        var content = (isObject && value.TryGetProperty("content", out var inner) ? inner : value).Text();
        fields.Require(!string.IsNullOrEmpty(content), field, "is of another kind; expected a string, or an object with a string \"content\"");
        return new()
        {
            Id = -1,
            Content = content!,
            SingleWord = Option("single_word", false),
            Lstrip = Option("lstrip", false),
            Rstrip = Option("rstrip", false),
            Normalized = Option("normalized", !special && !Option("special", false)), // as transformers' class has it
            Special = Option("special", special),
        };

        bool Option(string name, bool otherwise) => isObject && value.TryGetProperty(name, out var option) ? option.ValueKind == JsonValueKind.True : otherwise;
    }
}
