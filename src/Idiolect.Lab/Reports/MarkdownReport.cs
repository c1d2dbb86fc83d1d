using System.Text;

namespace Idiolect.Lab.Reports;

/// <summary>The report for a text editor; pictures are links to the SVG files beside it.</summary>
internal static class MarkdownReport
{
    internal static string Create(IReadOnlyList<(Protocol Protocol, ExperimentResult Result)> rows)
    {
        var text = new StringBuilder("# The lab\n\n");
        text.Append("| experiment | claim | verdict | value | threshold | time |\n|---|---|---|---|---|---|\n");
        foreach (var (protocol, result) in rows)
        {
            text.Append($"| [{protocol.Name}](#{protocol.Name}) | {Cell(protocol.Claim)} | {Report.Word(result.Verdict)}{(result.Quick ? " (quick)" : "")} | ");
            text.Append($"{Report.Number(result.Value)} | {Report.Rule(protocol)} | {Report.Seconds(result.Seconds)} |\n");
        }
        foreach (var (protocol, result) in rows)
        {
            text.Append($"\n## {protocol.Name}\n\n");
            foreach (var (name, content) in Report.Facts(protocol, result))
            {
                text.Append($"**{name}.** {content}\n\n");
            }
            foreach (var line in Report.SeedLines(result))
            {
                text.Append($"- {line}\n");
            }
            text.Append('\n');
            foreach (var chart in result.Charts)
            {
                text.Append($"![{chart}]({chart}.svg)\n");
            }
        }
        return text.ToString();
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
