using System.Text;

namespace Idiolect.Lab.Reports;

/// <summary>The report as one file for a browser, pictures inside.</summary>
internal static class HtmlReport
{
    private const string Head = """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>The lab</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <style>
        body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #111; background: #fff; }
        table { border-collapse: collapse; } td, th { text-align: left; padding: .3rem .6rem; border-bottom: 1px solid #ccc; vertical-align: top; }
        img { max-width: 100%; } dt { font-weight: 600; } .shown { font-weight: 700; } .refuted { font-weight: 700; text-decoration: underline; }
        </style></head><body><h1>The lab</h1>

        """;

    internal static string Create(IReadOnlyList<(Protocol Protocol, ExperimentResult Result)> rows, string folder)
    {
        var html = new StringBuilder(Head);
        html.Append("<table><tr><th>experiment</th><th>claim</th><th>verdict</th><th>value</th><th>threshold</th><th>time</th></tr>\n");
        foreach (var (protocol, result) in rows)
        {
            var verdict = Report.Word(result.Verdict);
            html.Append($"<tr><td><a href=\"#{protocol.Name}\">{protocol.Name}</a></td><td>{Report.Escape(protocol.Claim)}</td>");
            html.Append($"<td class=\"{verdict}\">{verdict}{(result.Quick ? " (quick)" : "")}</td><td>{Report.Number(result.Value)}</td>");
            html.Append($"<td>{Report.Rule(protocol)}</td><td>{Report.Seconds(result.Seconds)}</td></tr>\n");
        }
        html.Append("</table>\n");
        foreach (var (protocol, result) in rows)
        {
            html.Append($"<h2 id=\"{protocol.Name}\">{protocol.Name}</h2>\n<dl>\n");
            foreach (var (name, content) in Report.Facts(protocol, result))
            {
                html.Append($"<dt>{Report.Escape(name)}</dt><dd>{Report.Escape(content)}</dd>\n");
            }
            html.Append("</dl>\n");
            foreach (var chart in result.Charts)
            {
                AppendPicture(html, chart, Path.Combine(folder, chart + ".svg"));
            }
            html.Append("<ul>\n");
            foreach (var line in Report.SeedLines(result))
            {
                html.Append($"<li>{Report.Escape(line)}</li>\n");
            }
            html.Append("</ul>\n");
        }
        return html.Append("</body></html>\n").ToString();
    }

    /// <summary>As an image of its own: two SVGs in one page would share their element ids.</summary>
    private static void AppendPicture(StringBuilder html, string name, string path)
    {
        if (File.Exists(path))
        {
            html.Append($"<p><img alt=\"{name}\" src=\"data:image/svg+xml;base64,{Convert.ToBase64String(File.ReadAllBytes(path))}\"></p>\n");
        }
    }
}
