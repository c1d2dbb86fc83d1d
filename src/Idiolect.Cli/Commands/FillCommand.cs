using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Generation;
using Idiolect.Tokenization;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect fill</c>: lets a model fill the gaps of a text.</summary>
internal static class FillCommand
{
    private const int DefaultGuesses = 5;

    internal static Command Create(Terminal terminal)
    {
        var run = Flag.Run();
        var input = new TextInput("text", form: $" with {Tokenizer.Mask} where a token is missing");
        var topK = Flag.Count("--top-k", $"Guesses for each gap  [{DefaultGuesses}]");
        var threads = Flag.Threads();
        var json = Flag.Json();
        var command = new Command("fill", "Let a bert fill the gaps of a text") { run, input.Texts, input.File, topK, threads, json };
        command.WithExamples(
            "idiolect fill --text 'Gets the [MASK] of elements in the list.'",
            "idiolect fill gaps --text 'The [MASK] could not be [MASK].' --top-k 3",
            "idiolect fill latest --text 'Returns a new [MASK].' --json");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var texts = await input.ReadAsync(parsed, terminal, cancellationToken).ConfigureAwait(false);
            input.FindSome(texts);
            using var model = ModelSource.Open(parsed.GetValue(run), MaskedLanguageModel.Load);
            foreach (var text in texts)
            {
                cancellationToken.ThrowIfCancellationRequested();
                // A blank line stays one, so that answers stand beside their lines.
                var gaps = string.IsNullOrWhiteSpace(text) ? [] : model.Fill(text, parsed.GetValue(topK) ?? DefaultGuesses, parsed.GetValue(threads) ?? 0);
                var filled = gaps.Count == 0 ? "" : Fill(text, [.. gaps.Select(guesses => guesses[0].Token)]);
                if (parsed.GetValue(json))
                {
                    WriteJson(gaps, filled, new JsonLines(terminal.Out));
                }
                else
                {
                    Write(gaps, filled, terminal);
                }
            }
            return ExitCode.Success;
        });
        return command;
    }

    private static void Write(IReadOnlyList<IReadOnlyList<TokenGuess>> gaps, string filled, Terminal terminal)
    {
        foreach (var (guesses, gap) in gaps.Select((guesses, i) => (guesses, i + 1)))
        {
            if (gaps.Count > 1)
            {
                terminal.Out.WriteLine($"gap {gap}");
            }
            foreach (var guess in guesses)
            {
                terminal.Out.WriteLine(FormattableString.Invariant($"{100 * guess.Probability,5:0.0}%  {ReadableText.Printable(guess.Token).Trim()}"));
            }
        }
        terminal.Out.WriteLine(ReadableText.Printable(filled));
    }

    /// <summary>The text with a token in each gap, which takes the place of the space before it too.</summary>
    private static string Fill(string gapped, string[] tokens)
    {
        var pieces = gapped.Split(Tokenizer.Mask);
        return string.Concat(pieces.Select((piece, i) => i == tokens.Length ? piece : piece.TrimEnd(' ') + tokens[i]));
    }

    private static void WriteJson(IReadOnlyList<IReadOnlyList<TokenGuess>> gaps, string filled, JsonLines lines)
    {
        foreach (var (guesses, gap) in gaps.Select((guesses, i) => (guesses, i + 1)))
        {
            lines.Write("gap", writer =>
            {
                writer.WriteNumber("gap", gap);
                writer.WriteStartArray("guesses");
                foreach (var guess in guesses)
                {
                    writer.WriteStartObject();
                    writer.WriteString("token", guess.Token);
                    writer.WriteNumber("id", guess.Id);
                    writer.WriteFinite("probability", guess.Probability);
                    writer.WriteEndObject();
                }
                writer.WriteEndArray();
            });
        }
        lines.Write("done", writer => writer.WriteString("text", filled));
    }
}
