using Idiolect.Lab;

using Spectre.Console;

namespace Idiolect.Cli.Output;

/// <summary>The laboratory in words.</summary>
internal static class LabText
{
    internal static string Word(Verdict verdict) => verdict switch
    {
        Verdict.Shown => "shown",
        Verdict.Refuted => "refuted",
        _ => "undecided",
    };

    /// <summary>One line a verdict.</summary>
    internal static string Line(ExperimentResult result) => FormattableString.Invariant(
        $"{result.Name,-18} {Word(result.Verdict),-10} {result.Value:G4} (threshold {result.Threshold:G4}), {result.Seconds:0.0} s");

    internal static void WriteList(IReadOnlyList<Experiment> experiments, Terminal terminal)
    {
        var table = new Table { Border = TableBorder.None, ShowHeaders = false };
        table.AddColumn(new TableColumn("").NoWrap());
        table.AddColumn("");
        foreach (var protocol in experiments.Select(experiment => experiment.Protocol))
        {
            table.AddRow(new Text(protocol.Name), new Text(protocol.Claim));
        }
        terminal.CreateConsole().Write(table);
    }
}
