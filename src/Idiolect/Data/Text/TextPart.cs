namespace Idiolect.Data;

/// <summary>A document, or a part of one that is too long to be held at once.</summary>
/// <param name="Name">Where it comes from.</param>
/// <param name="Text">The text.</param>
/// <param name="IsFirst">Whether a document begins here.</param>
/// <param name="IsLast">Whether it ends here.</param>
internal readonly record struct TextPart(string Name, string Text, bool IsFirst = true, bool IsLast = true)
{
    /// <summary>Whether it is all of a document.</summary>
    internal bool IsWhole => IsFirst && IsLast;

    internal Document ToDocument() => new(Name, Text) { IsContinuation = !IsFirst };

    /// <summary>Documents without parts.</summary>
    internal static IEnumerable<Document> Join(IEnumerable<TextPart> parts)
    {
        List<string> open = [];
        foreach (var part in parts)
        {
            if (part.IsWhole)
            {
                yield return part.ToDocument();
                continue;
            }
            open.Add(part.Text);
            if (part.IsLast)
            {
                yield return new Document(part.Name, string.Concat(open));
                open.Clear();
            }
        }
    }
}
