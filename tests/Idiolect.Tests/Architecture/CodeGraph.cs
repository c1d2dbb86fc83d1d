namespace Idiolect.Tests.Architecture;

/// <summary>One file's use of another, with the member that uses and the type that is used.</summary>
internal sealed record FileUse(string From, string To, string Member, string Type)
{
    public override string ToString() => $"{From} uses {To} ({Member} names {Type})";
}

/// <summary>A member that has to do with pointers.</summary>
internal sealed record PointerUse(string File, string Member);

/// <summary>
/// Which source file uses which. Files are named by their folders below the library's, "Kernels/Simd/Isa.cs", or below src,
/// "Idiolect.Cli/Terminal.cs". The files of a partial type are one, named by the first.
/// </summary>
internal sealed record CodeGraph(IReadOnlyCollection<string> Files, IReadOnlyCollection<FileUse> Uses, IReadOnlyCollection<PointerUse> Pointers)
{
    /// <summary>All source files, those of partial types one by one.</summary>
    internal IReadOnlyCollection<string> Sources { get; init; } = [];

    /// <summary>The folder of a file, "Kernels/Simd"; of a folder, the one around it; of a top folder, "".</summary>
    internal static string FolderOf(string path) => path.Contains('/', StringComparison.Ordinal) ? path[..path.LastIndexOf('/')] : "";

    /// <summary>The first folder of a path: the layer.</summary>
    internal static string TopOf(string path) => path.Split('/')[0];
}
