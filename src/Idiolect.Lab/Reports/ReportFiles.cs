using Idiolect.Formats;

namespace Idiolect.Lab.Reports;

/// <summary>Writes <c>report.md</c> and a self-contained <c>report.html</c> of all results in a folder.</summary>
internal static class ReportFiles
{
    internal const string Markdown = "report.md";
    internal const string Html = "report.html";

    internal static void Write(string folder, IReadOnlyList<Experiment> experiments)
    {
        var rows = experiments
            .Select(experiment => (experiment.Protocol, Result: ResultFolder.Read(folder, experiment.Protocol.Name)))
            .Where(row => row.Result != null)
            .Select(row => (row.Protocol, row.Result!))
            .ToList();
        AtomicFile.Write(Path.Combine(folder, Markdown), MarkdownReport.Create(rows));
        AtomicFile.Write(Path.Combine(folder, Html), HtmlReport.Create(rows, folder));
    }
}
