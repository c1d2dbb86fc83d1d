namespace Idiolect.Cli;

/// <summary>How this program was started, so that the commands it suggests can be pasted.</summary>
internal static class CommandName
{
    private const string Project = "src/Idiolect.Cli";

    internal static string Current { get; } = Of(Path.GetFileNameWithoutExtension(Environment.ProcessPath), Directory.Exists(Project));

    internal static string Of(string? process, bool inRepository) => process switch
    {
        "dotnet" => "dotnet idiolect", // a local tool
        "Idiolect.Cli" when inRepository => $"dotnet run -c Release --project {Project} --",
        _ => "idiolect",
    };
}
