namespace Idiolect.Data;

/// <summary>How far long work on text has come.</summary>
/// <param name="What">What is done, in words.</param>
/// <param name="Bytes">Bytes of text done.</param>
/// <param name="TotalBytes">Bytes in all; 0 where nobody knows yet.</param>
public sealed record DataProgress(string What, long Bytes, long TotalBytes);
