using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;
using Idiolect.Generation;

namespace Idiolect.Cli.Commands;

/// <summary><c>idiolect embed</c>: turns texts into vectors, and says which texts are alike.</summary>
internal static class EmbedCommand
{
    private const int MostPairwise = 50; // texts of which every pair is compared; of more, each with the one most like it

    internal static Command Create(Terminal terminal)
    {
        var run = Flag.Run();
        var input = new TextInput("text", $"; {Truncation.Help}");
        var threads = Flag.Threads();
        var json = Flag.Json();
        var command = new Command("embed", "Turn texts into vectors and say which are alike") { run, input.Texts, input.File, threads, json };
        command.WithExamples(
            "idiolect embed --text 'Gets the length.' --text 'Returns the size.'",
            "idiolect embed gaps --file questions.txt",
            "idiolect embed latest --text 'Opens a file.' --json");
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var texts = await input.ReadAsync(parsed, terminal, cancellationToken).ConfigureAwait(false);
            var places = input.FindSome(texts);
            using var embedder = ModelSource.Open(parsed.GetValue(run), TextEmbedder.Load);
            string[] some = [.. places.Select(place => texts[place])];
            var vectors = embedder.Embed(some, out var cut, parsed.GetValue(threads) ?? 0, cancellationToken);
            Truncation.Warn(cut, embedder.LongestText, terminal);
            if (parsed.GetValue(json))
            {
                WriteJson(texts, places, vectors, cut, new JsonLines(terminal.Out));
            }
            else
            {
                Write(some, vectors, terminal);
            }
            return ExitCode.Success;
        });
        return command;
    }

    /// <summary>Which texts are alike, the most alike first; of one text its vector.</summary>
    private static void Write(string[] texts, IReadOnlyList<float[]> vectors, Terminal terminal)
    {
        if (texts.Length == 1)
        {
            terminal.Out.WriteLine(string.Join(' ', vectors[0].Select(value => FormattableString.Invariant($"{value:0.####}"))));
            return;
        }
        foreach (var (a, b, cosine) in Pairs(vectors).OrderByDescending(pair => pair.Cosine))
        {
            terminal.Out.WriteLine(FormattableString.Invariant($"{cosine,6:0.000}  {ReadableText.Printable(texts[a])} | {ReadableText.Printable(texts[b])}"));
        }
    }

    /// <summary>A line for each text, blank ones included, and one for each pair.</summary>
    private static void WriteJson(string[] texts, int[] places, IReadOnlyList<float[]> vectors, bool[] cut, JsonLines lines)
    {
        for (var i = 0; i < texts.Length; i++)
        {
            var place = Array.IndexOf(places, i);
            lines.Write("embedding", writer =>
            {
                writer.WriteString("text", texts[i]);
                if (place < 0)
                {
                    writer.WriteNull("vector"); // nothing was said
                    return;
                }
                writer.WriteStartArray("vector");
                foreach (var value in vectors[place])
                {
                    writer.WriteNumberValue(value);
                }
                writer.WriteEndArray();
                Truncation.Write(writer, cut[place]);
            });
        }
        foreach (var (a, b, cosine) in Pairs(vectors))
        {
            lines.Write("similarity", writer =>
            {
                writer.WriteNumber("a", places[a] + 1);
                writer.WriteNumber("b", places[b] + 1);
                writer.WriteFinite("cosine", cosine);
            });
        }
        lines.Write("done", writer => writer.WriteNumber("texts", texts.Length));
    }

    private static IEnumerable<(int A, int B, double Cosine)> Pairs(IReadOnlyList<float[]> vectors)
    {
        for (var a = 0; a < vectors.Count; a++)
        {
            var others = Enumerable.Range(0, vectors.Count).Where(b => vectors.Count <= MostPairwise ? b > a : b != a)
                .Select(b => (A: a, B: b, Cosine: TextEmbedder.Cosine(vectors[a], vectors[b])));
            foreach (var pair in vectors.Count <= MostPairwise ? others : [others.MaxBy(pair => pair.Cosine)])
            {
                yield return pair;
            }
        }
    }
}
