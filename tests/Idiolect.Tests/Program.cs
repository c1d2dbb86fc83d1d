using Idiolect.Tests.Training;
using Xunit.MicrosoftTestingPlatform;
using Xunit.Runner.InProc.SystemConsole;

namespace Idiolect.Tests;

/// <summary>Runs the tests, or is the child process that tests kill.</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args) => args switch
    {
        [TrainingProcess.Verb, var run] => TrainingProcess.Train(run),
        _ when args.Contains("--server") || args.Contains("--internal-msbuild-node")
            => await TestPlatformTestFramework.RunAsync(args, SelfRegisteredExtensions.AddSelfRegisteredExtensions).ConfigureAwait(false),
        _ => await ConsoleRunner.Run(args).ConfigureAwait(false),
    };
}
