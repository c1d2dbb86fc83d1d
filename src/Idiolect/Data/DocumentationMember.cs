namespace Idiolect.Data;

/// <summary>One documented type or member, rendered as plain text.</summary>
/// <param name="Id">Its documentation ID.</param>
/// <param name="Signature">One line: what it is, its full name and parameters.</param>
/// <param name="Body">The summary and the lines after it.</param>
internal sealed record DocumentationMember(DocumentationId Id, string Signature, string Body)
{
    internal string Text => $"{Signature}\n{Body}\n";
}
