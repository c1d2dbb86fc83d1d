using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Generation;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect translate</c>: lets a model translate.</summary>
internal static class TranslateCommand
{
    internal static Command Create(Terminal terminal)
    {
        var run = Flag.Run();
        var input = new TextInput("sentence", $"; {Truncation.Help}");
        var to = Flag.Text("--to", "Target language, of a model that has several", "LANG");
        var beams = Flag.Count("--beams", "Candidates kept at each step; 1 takes the likeliest token always  [4]");
        var penalty = Flag.Number("--length-penalty", "Above 0 longer translations may win  [0.6]", 0, 10);
        var threads = Flag.Threads();
        var json = Flag.Json();
        var command = new Command("translate", "Let a model translate") { run, input.Texts, input.File, to, beams, penalty, threads, json };
        command.WithExamples(
            "idiolect translate --text 'The file could not be found.'",
            "idiolect translate quiet-harbor --file messages.txt",
            "idiolect translate latest --text 'Missing argument' --to fr --json");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var sentences = await input.ReadAsync(parsed, terminal, cancellationToken).ConfigureAwait(false);
            var defaults = new TranslationOptions();
            var options = new TranslationOptions
            {
                Beams = parsed.GetValue(beams) ?? defaults.Beams,
                LengthPenalty = parsed.GetValue(penalty) ?? defaults.LengthPenalty,
                Threads = parsed.GetValue(threads) ?? 0,
            };
            using var translator = ModelSource.Open(parsed.GetValue(run), Translator.Load);
            var translations = translator.Translate(sentences, out var cut, parsed.GetValue(to), options, cancellationToken);
            Truncation.Warn(cut, translator.LongestSentence, terminal);
            var lines = new JsonLines(terminal.Out);
            foreach (var (sentence, translation, isTruncated) in sentences.Zip(translations, cut))
            {
                if (parsed.GetValue(json))
                {
                    lines.Write("translation", writer =>
                    {
                        writer.WriteString("source", sentence);
                        writer.WriteString("translation", translation);
                        Truncation.Write(writer, isTruncated);
                    });
                }
                else
                {
                    terminal.Out.WriteLine(terminal.Live ? ReadableText.Printable(translation) : translation);
                }
            }
            if (parsed.GetValue(json))
            {
                lines.Write("done", writer => writer.WriteNumber("texts", sentences.Length));
            }
            return ExitCode.Success;
        });
        return command;
    }
}
