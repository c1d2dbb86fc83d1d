using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Idiolect.Formats;

namespace Idiolect.Models;

/// <summary>The fields of a JSON object that came from outside: every complaint names the file and the field.</summary>
internal sealed class JsonFields
{
    private const int DeepestNesting = 64;

    private readonly Dictionary<string, JsonElement> _fields = [];
    private readonly string _file;

    internal JsonFields(string text, string file)
    {
        _file = file;
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = DeepestNesting });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                throw new InvalidDataException($"{file}: expected a JSON object, found {document.RootElement.ValueKind}.");
            }
            foreach (var property in document.RootElement.EnumerateObject())
            {
                _fields[property.Name] = property.Value.Clone();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException) // the latter: half a surrogate pair in a name
        {
            throw new InvalidDataException($"{file}: not valid JSON: {e.Message}", e);
        }
    }

    /// <summary>A shape read from these fields, once its own check has passed.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="validate">Its check, whose complaint begins with the property's name.</param>
    /// <param name="names">The field that each property was read from.</param>
    internal T Checked<T>(T shape, Action validate, IReadOnlyDictionary<string, string> names)
    {
        try
        {
            validate();
            return shape;
        }
        catch (ArgumentException e) when (e.ParamName is { } property)
        {
            var field = names.GetValueOrDefault(property, property);
            var problem = e.Message.Replace($" (Parameter '{property}')", "", StringComparison.Ordinal);
            throw new InvalidDataException($"{_file}: field {field}: {problem[(property.Length + 2)..]}", e);
        }
    }

    /// <summary>The names of the fields that say something.</summary>
    internal IEnumerable<string> Names => _fields.Where(named => named.Value.ValueKind != JsonValueKind.Null).Select(named => named.Key);

    /// <summary>The same fields as an object of their own.</summary>
    internal JsonObject ToJsonObject()
        => new(_fields.Select(field => KeyValuePair.Create(field.Key, JsonNode.Parse(field.Value.GetRawText()))));

    internal InvalidDataException Error(string name, string problem) => new($"{_file}: field {name}: {problem}.");

    internal string Text(string name)
    {
        if (Find(name) is not { ValueKind: JsonValueKind.String } value)
        {
            throw Error(name, "expected a string");
        }
        return value.Text() ?? throw Error(name, "the string holds half a surrogate pair");
    }

    internal string TextOr(string name, string otherwise) => Find(name) is null ? otherwise : Text(name);

    internal int Integer(string name) => Find(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number)
        ? number
        : throw Error(name, "expected a whole number");

    internal long LongInteger(string name) => Find(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number)
        ? number
        : throw Error(name, "expected a whole number");

    internal int IntegerOr(string name, int otherwise) => Find(name) is null ? otherwise : Integer(name);

    /// <summary>A number, the first of a list of numbers, or nothing.</summary>
    internal int? OptionalInteger(string name)
        => Find(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Array
            ? value.GetArrayLength() > 0 && value[0].ValueKind == JsonValueKind.Number && value[0].TryGetInt32(out var first) ? first : null
            : Integer(name);

    /// <summary>A number, a list of numbers, or nothing.</summary>
    internal IReadOnlyList<int> Integers(string name) => Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(
            value => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw Error(name, "expected whole numbers"))],
        _ => [Integer(name)],
    };

    /// <summary>The fields of an object that is a field; null where there is none.</summary>
    internal JsonFields? Object(string name) => Find(name) switch
    {
        null => null,
        { ValueKind: JsonValueKind.Object } value => new JsonFields(value.GetRawText(), $"{_file}: field {name}"),
        _ => throw Error(name, "expected an object"),
    };

    internal double NumberOr(string name, double otherwise) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.Number } value when value.TryGetDouble(out var number) && double.IsFinite(number) => number,
        _ => throw Error(name, "expected a number"),
    };

    /// <summary>A number that a model computes with: in 32 bits it must not become infinite.</summary>
    internal float SingleOr(string name, float otherwise)
    {
        if (Find(name) is null)
        {
            return otherwise;
        }
        var number = NumberOr(name, otherwise);
        return float.IsFinite((float)number) ? (float)number : throw Error(name, string.Create(CultureInfo.InvariantCulture, $"{number:g} is more than a 32-bit number holds"));
    }

    internal bool BooleanOr(string name, bool otherwise) => Find(name) switch
    {
        null => otherwise,
        { ValueKind: JsonValueKind.True } => true,
        { ValueKind: JsonValueKind.False } => false,
        _ => throw Error(name, "expected true or false"),
    };

    /// <summary>The texts of an object whose names count from 0: {"0": "one text", "1": "another"}.</summary>
    internal IReadOnlyList<string> NumberedTexts(string name)
    {
        if (Find(name) is not { ValueKind: JsonValueKind.Object } value)
        {
            throw Error(name, "expected an object");
        }
        var texts = new Dictionary<string, string>();
        foreach (var property in value.EnumerateObject())
        {
            if (property.Value.Text() is not { } text || !texts.TryAdd(property.Name, text))
            {
                throw Error(name, $"expected one string for each number, found a name \"{property.Name}\" without one, or twice");
            }
        }
        string[] ordered = [.. Enumerable.Range(0, texts.Count).Select(i => texts.GetValueOrDefault(i.ToString(CultureInfo.InvariantCulture))
            ?? throw Error(name, $"the names must be the numbers from 0 to {texts.Count - 1}, and {i} is missing"))];
        return ordered.Length > 1 && ordered.Distinct().Count() == ordered.Length ? ordered : throw Error(name, "expected two or more texts, all different");
    }

    /// <summary>Refuses a file that asks for a variation that is not supported.</summary>
    internal void Require(string name, bool value)
    {
        if (BooleanOr(name, value) != value)
        {
            throw Error(name, $"only {(value ? "true" : "false")} is supported");
        }
    }

    /// <summary>Refuses a file that sets something that is not supported, see <see cref="IsNothing"/>.</summary>
    internal void RequireNothing(string name)
    {
        if (!IsNothing(name))
        {
            throw Error(name, "is not supported");
        }
    }

    /// <summary>Whether a field is missing, or null, 0, false, or nothing in brackets or braces.</summary>
    internal bool IsNothing(string name) => Find(name) is not { } value || value.ValueKind switch
    {
        JsonValueKind.False => true,
        JsonValueKind.Number => IsNumber(name, 0),
        JsonValueKind.Array => value.GetArrayLength() == 0,
        JsonValueKind.Object => !value.EnumerateObject().Any(),
        _ => false,
    };

    /// <summary>Whether a field is this number.</summary>
    internal bool IsNumber(string name, double number)
        => Find(name) is { ValueKind: JsonValueKind.Number } value && value.TryGetDouble(out var found) && found == number;

    /// <summary>Whether a field says something.</summary>
    internal bool Has(string name) => Find(name) is not null;

    /// <summary>A string, a list of strings, or nothing; none is empty.</summary>
    internal IReadOnlyList<string> TextOrTexts(string name)
    {
        var texts = Find(name) is { ValueKind: JsonValueKind.String } ? [Text(name)] : Texts(name);
        return texts.Contains("") ? throw Error(name, "a string is empty") : texts;
    }

    /// <summary>A list of strings, or nothing.</summary>
    internal IReadOnlyList<string> Texts(string name) => Find(name) switch
    {
        null => [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(value => value.Text() ?? throw Error(name, "expected strings"))],
        _ => throw Error(name, "expected a list of strings"),
    };

    private JsonElement? Find(string name)
        => _fields.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
}
