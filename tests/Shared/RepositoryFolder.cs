using System.Reflection;

namespace Idiolect.Tests;

/// <summary>The root of the repository, which the build writes into the test assembly.</summary>
internal static class RepositoryFolder
{
    internal static string Path { get; } = typeof(RepositoryFolder).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;
}
