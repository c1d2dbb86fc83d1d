using System.Text.Json;
using Idiolect.Formats;

namespace Idiolect.Tokenization;

/// <summary>The normalizer of a <c>tokenizer.json</c>.</summary>
/// <param name="fields">Rejects fields by name.</param>
internal sealed class NormalizerReader(FieldReader fields)
{
    /// <summary>The normalizer, or null where it changes nothing.</summary>
    /// <exception cref="InvalidDataException">It is of a kind that is not supported.</exception>
    internal Normalizer? Read(TokenizerComponent? component)
    {
        Func<string, string>[] steps = component is null ? [] : [.. Steps(component, "normalizer")];
        return steps.Length == 0 ? null : new Normalizer(component!, steps);
    }

    private IEnumerable<Func<string, string>> Steps(TokenizerComponent component, string field)
    {
        switch (component.Type)
        {
            case "Sequence":
                return fields.Components(field, component, "normalizers").SelectMany((step, i) => Steps(step, $"{field}.normalizers[{i}]"));
            case "NFC" or "NFD" or "NFKC" or "NFKD":
                fields.RequireOnly(field, component);
                return [new UnicodeForm(composes: component.Type[^1] == 'C', compatible: component.Type[2] == 'K').Apply];
            case "Lowercase":
                fields.RequireOnly(field, component);
                return [Normalizer.Lowercase];
            case "Prepend":
                fields.RequireOnly(field, component, "prepend");
                var before = fields.Text(field, component, "prepend");
                return [text => text.Length == 0 ? text : before + text];
            case "Replace":
                fields.RequireOnly(field, component, "pattern", "content");
                var old = component.Pattern is { ValueKind: JsonValueKind.Object } pattern && pattern.TryGetProperty("String", out var value) ? value.Text() : null;
                fields.Require(!string.IsNullOrEmpty(old), $"{field}.pattern", "is not supported; a Replace of a {\"String\": ...} that is not empty is");
                var put = fields.Text(field, component, "content");
                return [text => text.Replace(old!, put, StringComparison.Ordinal)];
            default:
                throw fields.Invalid(field, $"'{component.Type}' is not supported; NFC, NFD, NFKC, NFKD, Lowercase, Replace, Prepend and Sequences of them are");
        }
    }
}
