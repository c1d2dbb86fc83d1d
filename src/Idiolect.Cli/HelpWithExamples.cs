using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Runtime.CompilerServices;

namespace Idiolect.Cli;

/// <summary>The library's help page, with the command's flags under headings and its examples below.</summary>
internal sealed class HelpWithExamples : SynchronousCommandLineAction
{
    private const int Narrowest = 40; // with much less the library wraps for ever

    private readonly HelpAction help;

    internal HelpWithExamples(HelpAction help, int width)
    {
        this.help = help;
        help.MaxWidth = Math.Max(width, Narrowest);
    }

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        var command = parseResult.CommandResult.Command;
        var configuration = parseResult.InvocationConfiguration;
        var output = configuration.Output;
        var page = new StringWriter { NewLine = output.NewLine };
        configuration.Output = page;
        var result = help.Invoke(parseResult);
        configuration.Output = output;
        output.Write(FlagGroups.Arrange(page.ToString(), FlagGroups.Of(command), output.NewLine));
        var examples = Examples.Of(command);
        if (examples.Length > 0)
        {
            output.WriteLine("Examples:");
            foreach (var example in examples)
            {
                output.WriteLine($"  {example}");
            }
            output.WriteLine();
        }
        return result;
    }
}

/// <summary>Examples hang on a command without a class of its own for each.</summary>
internal static class Examples
{
    private static readonly ConditionalWeakTable<Command, string[]> Table = [];

    internal static void WithExamples(this Command command, params string[] examples) => Table.Add(command, examples);

    internal static string[] Of(Command command) => Table.TryGetValue(command, out var examples) ? examples : [];
}
