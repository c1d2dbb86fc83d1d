namespace Idiolect.Data;

/// <summary>One text of a corpus. Its tokens are never split between the training and the validation side.</summary>
/// <param name="Name">Where it comes from: a file, a file and line, a documentation ID. Only for messages; it is not hashed.</param>
/// <param name="Text">The text.</param>
public sealed record Document(string Name, string Text);
