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
        var input = new TextInput("text", $"; {Truncation.Help}");
        var threads = Flag.Threads();
        var json = Flag.Json();
        var command = new Command("classify", "Let a tuned model say which label a text has") { run, input.Texts, input.File, threads, json };
        command.WithExamples(
            "idiolect classify --text 'Gets the number of rows of the table.'",
            "idiolect classify namespaces --file texts.txt",
            "idiolect classify latest --text 'Opens a socket.' --json");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var texts = await input.ReadAsync(parsed, terminal, cancellationToken).ConfigureAwait(false);
            var places = input.FindSome(texts);
            using var classifier = ModelSource.Open(parsed.GetValue(run), TextClassifier.Load);
            var classified = classifier.Classify([.. places.Select(place => texts[place])], out var cut, parsed.GetValue(threads) ?? 0, cancellationToken);
            Truncation.Warn(cut, classifier.LongestText, terminal);
            var answers = places.Zip(classified.Zip(cut)).ToDictionary(answer => answer.First, answer => answer.Second);
            var lines = new JsonLines(terminal.Out);
            for (var i = 0; i < texts.Length; i++)
            {
                var isAnswered = answers.TryGetValue(i, out var answer);
                if (!parsed.GetValue(json))
                {
                    terminal.Out.WriteLine(isAnswered ? Say(classifier.Model.Labels, answer.First, texts.Length > 1 ? texts[i] : null) : "");
                }
                else if (isAnswered)
                {
                    Write(lines, classifier.Model.Labels, texts[i], answer.First, answer.Second);
                }
                else
                {
                    WriteBlank(lines, texts[i]);
                }
            }
            if (parsed.GetValue(json))
            {
                lines.Write("done", writer => writer.WriteNumber("texts", texts.Length));
            }
            return ExitCode.Success;
        });
        return command;
    }

    private static string Say(IReadOnlyList<string> labels, double[] shares, string? text)
    {
        var best = Array.IndexOf(shares, shares.Max());
        return FormattableString.Invariant(
            $"{100 * shares[best],5:0.0}%  {ReadableText.Printable(labels[best])}{(text is null ? "" : $"  {ReadableText.Printable(text)}")}");
    }

    private static void Write(JsonLines lines, IReadOnlyList<string> labels, string text, double[] shares, bool isTruncated) => lines.Write("label", writer =>
    {
        var best = Array.IndexOf(shares, shares.Max());
        writer.WriteString("text", text);
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
    private static void WriteBlank(JsonLines lines, string text) => lines.Write("label", writer =>
    {
        writer.WriteString("text", text);
        writer.WriteNull("label"); // nothing was said
    });
}
