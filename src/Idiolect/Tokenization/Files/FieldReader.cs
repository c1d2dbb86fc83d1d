using System.Text.Json;
using Idiolect.Formats;

namespace Idiolect.Tokenization;

/// <summary>Reads fields of a tokenizer's files and rejects by name what cannot be meant or is not supported.</summary>
/// <param name="path">The file, for messages.</param>
internal sealed class FieldReader(string path)
{
    internal string Path => path;

    internal InvalidDataException Invalid(string field, string problem) => new($"{path}: {field} {problem}.");

    internal void Require(bool condition, string field, string problem)
    {
        if (!condition)
        {
            throw Invalid(field, problem);
        }
    }

    /// <summary>Refuses fields that no supported version of the format has, unless they say nothing.</summary>
    internal void RequireNoOthers(string field, Dictionary<string, JsonElement>? others, params ReadOnlySpan<string> known)
    {
        foreach (var (name, value) in others ?? [])
        {
            Require(known.Contains(name) || SaysNothing(value), field.Length == 0 ? name : $"{field}.{name}", "is unknown, so that its effect cannot be honoured; remove it");
        }
    }

    /// <summary>
    /// Refuses what a component says beside the fields that its type has.
    /// </summary>
    internal void RequireOnly(string field, TokenizerComponent component, params ReadOnlySpan<string> known)
    {
        Check("add_prefix_space", component.AddPrefixSpace is not null, known);
        Check("trim_offsets", component.TrimOffsets is not null, known);
        Check("use_regex", component.UseRegex is not null, known);
        Check("pattern", component.Pattern is not null, known);
        Check("behavior", component.Behavior is not null, known);
        Check("invert", component.Invert is not null, known);
        Check("individual_digits", component.IndividualDigits is not null, known);
        Check("pretokenizers", component.Pretokenizers is not null, known);
        RequireNoOthers(field, component.Others, known);

        void Check(string name, bool isThere, ReadOnlySpan<string> known)
            => Require(!isThere || known.Contains(name), $"{field}.{name}", $"is no field of a {component.Type}; remove it");
    }

    /// <summary>The components of a Sequence, under whichever name its kind has for them.</summary>
    internal IReadOnlyList<TokenizerComponent> Components(string field, TokenizerComponent sequence, string name)
    {
        RequireOnly(field, sequence, name);
        if (sequence.Others is null || !sequence.Others.TryGetValue(name, out var list) || list.ValueKind != JsonValueKind.Array)
        {
            throw Invalid($"{field}.{name}", "is missing; a Sequence has a list, perhaps an empty one");
        }
        return [.. list.EnumerateArray().Select((element, i) => Component($"{field}.{name}[{i}]", element))];
    }

    internal TokenizerComponent Component(string field, JsonElement element)
    {
        try
        {
            return TokenizerComponent.Read(element) ?? throw Invalid(field, "is no object");
        }
        catch (JsonException exception)
        {
            throw Invalid(field, $"is damaged: {JsonProblem.Of(exception)}");
        }
    }

    /// <summary>A string of a component, such as what a Replace puts in.</summary>
    internal string Text(string field, TokenizerComponent component, string name)
        => component.Others is { } others && others.TryGetValue(name, out var value) && value.Text() is { } text
            ? text
            : throw Invalid($"{field}.{name}", "is missing or no string");

    internal static bool SaysNothing(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.False => true,
        JsonValueKind.String => value.Text() is "",
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };
}
