namespace Idiolect.Data;

/// <summary>A file that was passed over.</summary>
/// <param name="Name">The file.</param>
/// <param name="Reason">Why.</param>
public sealed record SkippedFile(string Name, string Reason);
