namespace Idiolect.Data;

/// <summary>One text of a corpus, or a part of a long one. Its tokens are never split between the training and the validation side.</summary>
/// <param name="Name">Where it comes from: a file, a file and line, a documentation ID. Only for messages; it is not hashed.</param>
/// <param name="Text">The text.</param>
public sealed record Document(string Name, string Text)
{
    /// <summary>
    /// Whether this goes on where the document before it ended: a corpus that is too large for memory gives its long documents in parts, cut
    /// between words. The parts are one text, with no token that separates documents between them.
    /// </summary>
    public bool IsContinuation { get; init; }
}
