using System.Globalization;
using System.Text.Json;
using Idiolect.Data;

namespace Idiolect.Recipes;

/// <summary>One field of a recipe, and what it may be.</summary>
/// <param name="Path">Where it stands, such as <c>optimizer.learningRate</c>.</param>
internal abstract record RecipeField(string Path)
{
    private const int LongestQuote = 40;

    /// <summary>Whether null is a value.</summary>
    internal bool MayBeNull { get; init; }

    /// <summary>What it may be, after "it must be".</summary>
    internal abstract string Allowed { get; }

    /// <summary>Why a value cannot be; null where it can.</summary>
    internal string? FindProblem(JsonElement value)
        => (MayBeNull && value.ValueKind == JsonValueKind.Null) || Accepts(value) ? null : $"{Path} is {Quote(value)}; it must be {Allowed}";

    protected abstract bool Accepts(JsonElement value);

    private static string Quote(JsonElement value)
    {
        var text = value.ValueKind switch
        {
            JsonValueKind.Object => "an object",
            JsonValueKind.Array => "a list",
            _ => value.GetRawText(),
        };
        return text.Length <= LongestQuote ? text : $"{text.AsSpan(0, LongestQuote)}...";
    }

    protected static string Say(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}

/// <summary>A whole number.</summary>
internal sealed record WholeNumberField(string Path, int Minimum, int Maximum = int.MaxValue) : RecipeField(Path)
{
    internal override string Allowed => Maximum == int.MaxValue ? $"a whole number of at least {Minimum}" : $"a whole number from {Minimum} to {Maximum}";

    protected override bool Accepts(JsonElement value)
        => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= Minimum && number <= Maximum;
}

/// <summary>A seed.</summary>
internal sealed record SeedField(string Path) : RecipeField(Path)
{
    internal override string Allowed => $"a whole number from 0 to {ulong.MaxValue}";

    protected override bool Accepts(JsonElement value) => value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out _);
}

/// <summary>A number.</summary>
internal sealed record NumberField(string Path, double Minimum, double Maximum = double.MaxValue) : RecipeField(Path)
{
    /// <summary>Whether the minimum itself is no value.</summary>
    internal bool AboveMinimum { get; init; }

    internal override string Allowed => (AboveMinimum, Maximum == double.MaxValue) switch
    {
        (true, true) => $"a number above {Say(Minimum)}",
        (true, false) => $"a number above {Say(Minimum)} and at most {Say(Maximum)}",
        (false, true) => $"a number of at least {Say(Minimum)}",
        (false, false) => $"a number from {Say(Minimum)} to {Say(Maximum)}",
    };

    protected override bool Accepts(JsonElement value)
        => value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && double.IsFinite(number)
            && (AboveMinimum ? number > Minimum : number >= Minimum) && number <= Maximum;
}

/// <summary>True or false.</summary>
internal sealed record TruthField(string Path) : RecipeField(Path)
{
    internal override string Allowed => "true or false";

    protected override bool Accepts(JsonElement value) => value.ValueKind is JsonValueKind.True or JsonValueKind.False;
}

/// <summary>One of a few words.</summary>
internal sealed record WordField(string Path, params IReadOnlyList<string> Choices) : RecipeField(Path)
{
    internal override string Allowed => $"one of {string.Join(", ", Choices)}";

    protected override bool Accepts(JsonElement value) => RecipeText.Of(value) is { } text && Choices.Contains(text);
}

/// <summary>Any text but an empty one.</summary>
internal sealed record TextField(string Path, string What) : RecipeField(Path)
{
    internal override string Allowed => What;

    protected override bool Accepts(JsonElement value) => !string.IsNullOrWhiteSpace(RecipeText.Of(value));
}

/// <summary>Texts, none of them empty.</summary>
internal sealed record TextsField(string Path, string What) : RecipeField(Path)
{
    internal override string Allowed => What;

    protected override bool Accepts(JsonElement value)
        => value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(each => !string.IsNullOrWhiteSpace(RecipeText.Of(each)));
}

/// <summary>Any text of a character or more, white space included.</summary>
internal sealed record SeparatorField(string Path) : RecipeField(Path)
{
    internal override string Allowed => $"a text that stands between documents, or {CorpusOptions.BlankLines}";

    protected override bool Accepts(JsonElement value) => !string.IsNullOrEmpty(RecipeText.Of(value));
}

/// <summary>The text of a JSON string.</summary>
internal static class RecipeText
{
    /// <summary>Null for anything else, and for half a surrogate pair.</summary>
    internal static string? Of(JsonElement value)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
