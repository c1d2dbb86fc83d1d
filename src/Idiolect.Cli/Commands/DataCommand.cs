using System.CommandLine;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect data</c>: the verbs for text before a model reads it.</summary>
internal static class DataCommand
{
    internal static Command Create(Terminal terminal)
    {
        var command = new Command("data", "Look at text as a model will see it, and clean it")
        {
            DataShowCommand.Create(terminal),
            DataStatsCommand.Create(terminal),
            DataPrepareCommand.Create(terminal),
            DataCacheCommand.Create(terminal),
        };
        command.WithExamples(
            "idiolect data show book.txt",
            "idiolect data stats 'notes/**/*.md'",
            "idiolect data prepare crawl.jsonl --out clean.jsonl",
            "idiolect data cache");
        return command;
    }
}
