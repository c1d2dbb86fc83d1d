using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

using Idiolect.Cli.Commands;

namespace Idiolect.Cli;

/// <summary>The root command: builds the verbs, parses, runs one and turns what goes wrong into a message and an exit code.</summary>
internal static class Application
{
    // Verbs that have something to save or to say when they are interrupted, however long that takes.
    private static readonly string[] FinishesByItself = ["train", "tune", "generate", "lab run"];

    internal static async Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancellationToken)
    {
        var json = args.Any(arg => arg is "--json" or "--json=true" or "--json:true");
        var verb = "";
        try
        {
            // An "@" begins many a prompt, so no response files; there are no one-letter flags to bundle.
            var parsed = CreateRoot(terminal)
                .Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null, EnablePosixBundling = false });
            verb = Usage.VerbOf(parsed).Trim();
            if (parsed.Action is not { ClearsParseErrors: true } && Usage.FindError(parsed) is { } problem)
            {
                Failure.Write(problem, terminal, json);
                terminal.WriteError($"see {CommandName.Current} {Usage.VerbOf(parsed)}--help");
                return ExitCode.Usage;
            }
            var configuration = new InvocationConfiguration
            {
                Output = terminal.Out,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // Interruption owns the signals
            };
            var work = Task.Run(() => parsed.InvokeAsync(configuration, cancellationToken), CancellationToken.None);
            return await Patience.WaitAsync(work, () => !FinishesByItself.Contains(verb), cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) // the one place where every exception ends
        {
            return Failure.Report(exception, terminal, json, verb);
        }
    }

    internal static RootCommand CreateRoot(Terminal terminal)
    {
        var root = new RootCommand("Idiolect pre-trains a GPT on your text and lets it write: pure C#, no Python, no native code of ours.")
        {
            TrainCommand.Create(terminal),
            GenerateCommand.Create(terminal),
            TranslateCommand.Create(terminal),
            TuneCommand.Create(terminal),
            ClassifyCommand.Create(terminal),
            FillCommand.Create(terminal),
            EmbedCommand.Create(terminal),
            EvalCommand.Create(terminal),
            DataCommand.Create(terminal),
            TokenizerCommand.Create(terminal),
            InfoCommand.Create(terminal),
            LabCommand.Create(terminal),
            BenchCommand.Create(terminal),
            CompletionCommand.Create(terminal),
        };
        root.WithExamples(
            "idiolect train             # on your SDK's documentation, about three minutes",
            "idiolect generate          # with the model trained last",
            "idiolect train --data book.txt --tokenizer char",
            "idiolect info latest");
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!, terminal.Width);
        root.Options.OfType<VersionOption>().Single().Action = new PrintVersion();
        root.SetAction(parsed => help.Action is SynchronousCommandLineAction action ? action.Invoke(parsed) : ExitCode.Error);
        return root;
    }

    private sealed class PrintVersion : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine($"idiolect {ToolVersion.Text}");
            return ExitCode.Success;
        }
    }
}
