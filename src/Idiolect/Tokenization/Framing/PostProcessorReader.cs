using System.Text.Json;
using Idiolect.Formats;

namespace Idiolect.Tokenization;

/// <summary>The post_processor of a <c>tokenizer.json</c>: which tokens stand around a text.</summary>
/// <param name="fields">Rejects fields by name.</param>
/// <param name="greatest">The greatest id of a token.</param>
internal sealed class PostProcessorReader(FieldReader fields, int greatest)
{
    /// <exception cref="InvalidDataException">It is of a kind that is not supported, or names tokens that are not there.</exception>
    internal TextFrame Read(TokenizerComponent? component)
        => component is null ? TextFrame.None : Read(component, "post_processor") ?? TextFrame.None;

    // Null for one that adds nothing.
    private TextFrame? Read(TokenizerComponent component, string field)
    {
        switch (component.Type)
        {
            case "ByteLevel":
                fields.RequireOnly(field, component, "add_prefix_space", "trim_offsets", "use_regex"); // of offsets alone
                return null;
            case "Sequence":
                TextFrame? frame = null;
                foreach (var (i, part) in fields.Components(field, component, "processors").Index())
                {
                    var next = Read(part, $"{field}.processors[{i}]");
                    fields.Require(frame is null || next is null, $"{field}.processors[{i}]", "adds tokens where another one did, which is not supported");
                    frame ??= next;
                }
                return frame;
            case "BertProcessing":
                fields.RequireOnly(field, component, "sep", "cls");
                return new([Pair(component, field, "cls")], [Pair(component, field, "sep")]);
            case "RobertaProcessing":
                fields.RequireOnly(field, component, "sep", "cls", "trim_offsets", "add_prefix_space");
                return new([Pair(component, field, "cls")], [Pair(component, field, "sep")]);
            case "TemplateProcessing":
                fields.RequireOnly(field, component, "single", "pair", "special_tokens");
                return Template(component, field);
            default:
                throw fields.Invalid(field, $"'{component.Type}' is not supported; ByteLevel, TemplateProcessing, BertProcessing, RobertaProcessing and Sequences of them are");
        }
    }

    // ["[CLS]", 101]
    private int Pair(TokenizerComponent component, string field, string name)
    {
        var value = component.Others?.GetValueOrDefault(name);
        return value is { ValueKind: JsonValueKind.Array } pair && pair.GetArrayLength() == 2 && pair[1].ValueKind == JsonValueKind.Number
            && pair[1].TryGetInt32(out var id)
                ? Known(id, $"{field}.{name}")
                : throw fields.Invalid($"{field}.{name}", "is missing or no pair of a token and its id");
    }

    private TextFrame Template(TokenizerComponent component, string field)
    {
        if (component.Others?.GetValueOrDefault("single") is not { ValueKind: JsonValueKind.Array } single)
        {
            throw fields.Invalid($"{field}.single", "is missing or no list");
        }
        var (before, after) = (new List<int>(), new List<int>());
        var seen = false;
        foreach (var (i, piece) in single.EnumerateArray().Index())
        {
            var place = $"{field}.single[{i}]";
            if (Member(piece, "Sequence") is { } sequence)
            {
                fields.Require(Member(sequence, "id")?.Text() == "A" && !seen, place, "is not the one text, A");
                seen = true;
            }
            else
            {
                var name = Member(piece, "SpecialToken") is { } special ? Member(special, "id")?.Text() : null;
                (seen ? after : before).AddRange(Special(component, field, name ?? throw fields.Invalid(place, "is neither a SpecialToken nor a Sequence")));
            }
        }
        fields.Require(seen, $"{field}.single", "lacks the text, A");
        return new(before, after);
    }

    private IEnumerable<int> Special(TokenizerComponent component, string field, string name)
    {
        field = $"{field}.special_tokens '{name}'";
        var entry = component.Others?.GetValueOrDefault("special_tokens") is { } all ? Member(all, name) : null;
        var ids = entry is { } found ? Member(found, "ids") : null;
        fields.Require(ids is { ValueKind: JsonValueKind.Array }, field, "is missing, or its ids are no list");
        return ids!.Value.EnumerateArray().Select(id => id.ValueKind == JsonValueKind.Number && id.TryGetInt32(out var number)
            ? Known(number, field)
            : throw fields.Invalid(field, "has an id that is no whole number"));
    }

    // Hugging Face's library goes by the id alone, whatever token is written beside it.
    private int Known(int id, string field)
    {
        fields.Require(id >= 0 && id <= greatest, field, $"has id {id}, which no token has");
        return id;
    }

    private static JsonElement? Member(JsonElement element, string name)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;
}
