using System.CommandLine;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect data</c>: the verbs that look at text before a model does.</summary>
internal static class DataCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("data", "Look at text as a model will see it")
        {
            DataShowCommand.Create(terminal),
            DataStatsCommand.Create(terminal),
            DataCacheCommand.Create(terminal),
        };
        command.WithExamples(
            "idiolect data show book.txt",
            "idiolect data stats 'notes/**/*.md'",
            "idiolect data cache");
        return command;
    }
}
