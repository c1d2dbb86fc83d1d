namespace Idiolect.Tests.Architecture;

/// <summary>How the house is built, read from what was built: docs/architecture.md says which folder may use which.</summary>
public sealed class DependencyTests
{
    private static readonly string[] Assemblies = ["Idiolect", "Idiolect.Lab", "Idiolect.Cli"];

    private static readonly Lazy<CodeGraph> Graph = new(() => CodeReader.Read([.. Assemblies.Select(Built)]));

    /// <summary>Files that use each other on purpose.</summary>
    private static readonly OneIdea[] Ideas =
    [
        new("A team runs jobs, and a job is told which of the team's workers runs it.", "Kernels/Threading/IJob.cs", "Kernels/Threading/Team.cs"),
        new("A tape keeps operations, which make tensors on it and are measured by their kind.",
            "Tensors/IntegerTensor.cs", "Tensors/Operation.cs", "Tensors/OperationList.cs", "Tensors/Profiling/OperationProfile.cs", "Tensors/Tape.cs", "Tensors/Tensor.cs"),
        new("A parameter's numbers lie in its set's memory.", "Tensors/Parameter.cs", "Tensors/ParameterScope.cs", "Tensors/ParameterSet.cs"),
        new("The base class loads whichever kind a file describes.",
            "Tokenization/BytePairTokenizer.cs", "Tokenization/ByteTokenizer.cs", "Tokenization/CharacterTokenizer.cs", "Tokenization/StreamingDecoder.cs",
            "Tokenization/Tokenizer.cs", "Tokenization/TokenizerFileReader.cs", "Tokenization/TokenizerFolder.cs"),
    ];

    [Fact]
    public void No_folder_depends_upward()
    {
        var order = DependencyOrder.Parse(File.ReadAllText(Path.Join(RepositoryFolder.Path, "docs", "architecture.md")));

        AssertNone(DependencyRules.Upward(Graph.Value, order));
    }

    [Fact]
    public void No_folders_form_a_circle() => AssertNone(DependencyRules.CirclesOfFolders(Graph.Value));

    [Fact]
    public void No_files_form_a_circle() => AssertNone(DependencyRules.CirclesOfFiles(Graph.Value, Ideas));

    [Fact]
    public void Pointers_stay_in_kernels_and_tensors() => AssertNone(DependencyRules.Pointers(Graph.Value, ["Kernels", "Tensors"]));

    [Theory]
    [InlineData("src")]
    [InlineData("tests")]
    [InlineData("benchmarks")]
    [InlineData("samples")]
    public void Every_folder_has_fewer_than_30_files(string root)
        => AssertNone([.. Directory.EnumerateDirectories(Path.Join(RepositoryFolder.Path, root), "*", SearchOption.AllDirectories)
            .Append(Path.Join(RepositoryFolder.Path, root))
            .Where(folder => Directory.EnumerateFiles(folder).Count() >= 30)
            .Select(folder => $"{Path.GetRelativePath(RepositoryFolder.Path, folder)} has {Directory.EnumerateFiles(folder).Count()} files")]);

    [Fact]
    public void The_graph_is_that_of_the_sources()
    {
        // Every file of the library is known by name, so nothing escapes the rules unseen.
        var sources = Directory.EnumerateFiles(Path.Join(RepositoryFolder.Path, "src", "Idiolect"), "*.cs", SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Path.Join(RepositoryFolder.Path, "src", "Idiolect"), file).Replace('\\', '/')).ToHashSet();

        Assert.Empty(sources.Except(Graph.Value.Sources));
        Assert.All(Graph.Value.Files.Where(file => !file.StartsWith("Idiolect.", StringComparison.Ordinal)), file => Assert.Contains(file, sources));
        Assert.Contains(Graph.Value.Uses, use => use is { From: "Formats/SafetensorsReader.cs", To: "Formats/SafetensorsHeader.cs" });
        Assert.Contains(Graph.Value.Pointers, use => CodeGraph.TopOf(use.File) == "Kernels");
    }

    private static void AssertNone(IReadOnlyList<string> complaints)
        => Assert.True(complaints.Count == 0, $"{complaints.Count} complaints:\n" + string.Join('\n', complaints));

    /// <summary>Another project's output lies beside this one's.</summary>
    private static string Built(string assembly)
    {
        var own = new DirectoryInfo(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));
        return Path.Join(own.Parent!.Parent!.FullName, assembly, own.Name, assembly + ".dll");
    }
}
