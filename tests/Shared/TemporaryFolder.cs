using System.Text;

namespace Idiolect.Tests;

/// <summary>An empty folder of one test, removed at its end.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("idiolect-test-");

    internal string Path => _folder.FullName;

    internal string this[string name] => System.IO.Path.Join(Path, name);

    /// <summary>The names of everything directly inside, sorted.</summary>
    internal string[] Names => [.. Directory.EnumerateFileSystemEntries(Path).Select(path => System.IO.Path.GetFileName(path)).Order()];

    internal string Write(string name, string text) => Write(name, Encoding.UTF8.GetBytes(text));

    internal string Write(string name, byte[] content)
    {
        var file = this[name];
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, content);
        return file;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
