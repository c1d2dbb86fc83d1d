namespace Idiolect.Tests.Formats;

/// <summary>A folder of one test, removed with it.</summary>
internal sealed class TempFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("idiolect-").FullName;

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>The names of everything inside, sorted.</summary>
    internal string[] Names => [.. Directory.EnumerateFileSystemEntries(Path).Select(path => System.IO.Path.GetFileName(path)).Order()];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
