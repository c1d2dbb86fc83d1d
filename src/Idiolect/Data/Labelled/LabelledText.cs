namespace Idiolect.Data;

/// <summary>A text and what it is.</summary>
/// <param name="Text">The text.</param>
/// <param name="Label">Its label.</param>
public sealed record LabelledText(string Text, string Label);
