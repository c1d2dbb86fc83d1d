namespace Idiolect.Tokenization;

/// <summary>Special tokens with their ids, and the one of them that begins a text, if any.</summary>
internal sealed record SpecialTokenSet(IReadOnlyDictionary<string, int> Ids, string? BeginningOfText)
{
    internal static readonly SpecialTokenSet None = new(new Dictionary<string, int>(), null);

    /// <summary>The given tokens with ids from <paramref name="firstId"/> on; the first of them begins a text.</summary>
    internal static SpecialTokenSet From(IReadOnlyList<string> contents, int firstId)
        => new(
            contents.Select((content, index) => KeyValuePair.Create(content, firstId + index)).ToDictionary(),
            contents.Count > 0 ? contents[0] : null);
}
