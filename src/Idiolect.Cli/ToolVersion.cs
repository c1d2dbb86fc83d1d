using System.Reflection;

namespace Idiolect.Cli;

/// <summary>Which version of the tool this is.</summary>
internal static class ToolVersion
{
    /// <summary>The version without the commit that the SDK appends.</summary>
    internal static string Text { get; } =
        typeof(ToolVersion).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
}
