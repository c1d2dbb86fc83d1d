using System.Globalization;

namespace Idiolect.Data;

/// <summary>A source, and how often its training documents are read.</summary>
/// <param name="Source">A path, folder or glob, <c>-</c>, or <c>dotnet-docs</c>.</param>
/// <param name="Weight">1 for once; 0.3 for three tenths of its documents (of a single document: its first three tenths), 2.5 for all of them twice and half of them again.</param>
public sealed record WeightedSource(string Source, double Weight = 1)
{
    private const double Most = 1000;

    /// <summary>Reads <c>SOURCE[:WEIGHT]</c>; a file of just that name is taken by its name.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">The weight is not above 0, or above 1000.</exception>
    public static WeightedSource Parse(string text)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(text);
        var colon = text.LastIndexOf(':');
        if (colon <= 0 || File.Exists(text) || Directory.Exists(text)
            || !double.TryParse(text.AsSpan(colon + 1), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var weight))
        {
            return new WeightedSource(text);
        }
        return weight is > 0 and <= Most
            ? new WeightedSource(text[..colon], weight)
            : throw new ArgumentException($"the weight of {text[..colon]} is {text[(colon + 1)..]}; it must be above 0 and at most {Most}");
    }

    /// <inheritdoc/>
    public override string ToString() => Weight == 1 ? Source : string.Create(CultureInfo.InvariantCulture, $"{Source}:{Weight}");
}
