namespace Idiolect.Data;

/// <summary>One documented type or member, rendered as plain text.</summary>
/// <param name="Id">Its documentation ID.</param>
/// <param name="Signature">One line: what it is, its full name and parameters.</param>
/// <param name="Elements">The summary, parameters, result, exceptions and remarks, one text each.</param>
internal sealed record DocumentationMember(DocumentationId Id, string Signature, IReadOnlyList<string> Elements);
