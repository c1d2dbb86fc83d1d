using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Generation;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect classify</c>: lets a tuned model say what texts are.</summary>
internal static class ClassifyCommand
{
    internal static Command Create(Terminal terminal)
    {
        var run = Flag.Run();
        var text = Flag.Texts();
        var file = Flag.Text("--file", $"File of texts, one a line; {Truncation.Help}", "FILE");
        var threads = Flag.Threads();
        var json = Flag.Json();
        var command = new Command("classify", "Let a tuned model say which label a text has") { run, text, file, threads, json };
        command.WithExamples(
            "idiolect classify --text 'Gets the number of rows of the table.'",
            "idiolect classify namespaces --file texts.txt",
            "idiolect classify latest --text 'Opens a socket.' --json");
        command.SetAction((parsed, cancellationToken) =>
        {
            var texts = TextInput.ReadTexts(parsed.GetValue(text) ?? [], parsed.GetValue(file));
            using var classifier = ModelSource.Open(parsed.GetValue(run), TextClassifier.Load);
            var labels = classifier.Model.Labels;
            var classified = classifier.Classify(texts, out var cut, parsed.GetValue(threads) ?? 0, cancellationToken);
            Truncation.Warn(cut, classifier.LongestText, terminal);
            var lines = new JsonLines(terminal.Out);
            foreach (var (given, shares, isTruncated) in texts.Zip(classified, cut))
            {
                var best = Array.IndexOf(shares, shares.Max());
                if (!parsed.GetValue(json))
                {
                    terminal.Out.WriteLine(FormattableString.Invariant(
                        $"{100 * shares[best],5:0.0}%  {ReadableText.Printable(labels[best])}{(texts.Length > 1 ? $"  {ReadableText.Printable(given)}" : "")}"));
                    continue;
                }
                lines.Write("label", writer =>
                {
                    writer.WriteString("text", given);
                    writer.WriteString("label", labels[best]);
                    writer.WriteFinite("probability", shares[best]);
                    writer.WriteStartObject("probabilities");
                    for (var i = 0; i < labels.Count; i++)
                    {
                        writer.WriteFinite(labels[i], shares[i]);
                    }
                    writer.WriteEndObject();
                    Truncation.Write(writer, isTruncated);
                });
            }
            if (parsed.GetValue(json))
            {
                lines.Write("done", writer => writer.WriteNumber("texts", texts.Length));
            }
            return Task.FromResult(ExitCode.Success);
        });
        return command;
    }
}
