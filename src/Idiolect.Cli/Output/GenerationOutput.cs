using System.Text;
using System.Text.Json;

using Idiolect.Generation;

namespace Idiolect.Cli.Output;

/// <summary>
/// Shows generated texts as they come: for a person, or an object a piece and then one a text. They may be written at the same time; a person sees
/// the first that is not complete, and those behind it wait for their turn.
/// </summary>
/// <param name="terminal">Where to.</param>
/// <param name="json">Objects instead of text.</param>
/// <param name="prompts">The beginnings.</param>
/// <param name="samples">Texts for each; headings separate several.</param>
internal sealed class GenerationOutput(Terminal terminal, bool json, IReadOnlyList<string> prompts, int samples)
{
    private readonly JsonLines lines = new(terminal.Out);
    private readonly Written[] texts = [.. prompts.SelectMany(prompt => Enumerable.Range(0, samples).Select(_ => new Written(prompt)))];
    private int current;

    /// <summary>Shows the first prompt, which is about to be read.</summary>
    internal void Begin()
    {
        if (json || current == texts.Length)
        {
            return;
        }
        if (texts.Length > 1)
        {
            terminal.Out.WriteLine(current == 0 ? "--- 1 ---" : $"{Environment.NewLine}--- {current + 1} ---");
        }
        Show(texts[current].Prompt + texts[current].Answer);
    }

    /// <summary>Takes a piece of one of the texts.</summary>
    internal void Append(GeneratedPiece piece)
    {
        var place = (piece.Prompt * samples) + piece.Sample;
        texts[place].Add(piece);
        if (json)
        {
            WritePiece(piece);
        }
        if (place != current)
        {
            return;
        }
        if (!json)
        {
            Show(piece.Text);
        }
        while (current < texts.Length && texts[current].FinishReason is not null)
        {
            End();
            current++;
            Begin(); // with all that was written of it so far
        }
    }

    /// <summary>The texts end where they are.</summary>
    internal void Interrupt()
    {
        if (!json)
        {
            terminal.Out.WriteLine();
            return;
        }
        for (; current < texts.Length; current++)
        {
            if (texts[current].Ids.Count > 0)
            {
                End();
            }
        }
    }

    /// <summary>All texts are complete. A person sees the speed on standard error, so that the text can be piped.</summary>
    internal void Done(double promptTokensPerSecond, double tokensPerSecond)
    {
        if (json)
        {
            lines.Write("done", writer =>
            {
                writer.WriteFinite("promptTokensPerSecond", promptTokensPerSecond);
                writer.WriteFinite("tokensPerSecond", tokensPerSecond);
            });
        }
        else if (terminal.Live)
        {
            terminal.WriteError($"({TrainingText.TokensPerSecond(tokensPerSecond)})");
        }
    }

    private void Show(string text) => terminal.Out.Write(terminal.Live ? ReadableText.Printable(text) : text);

    private void WritePiece(GeneratedPiece piece) => lines.Write("piece", writer =>
    {
        WritePlace(writer, piece.Prompt, piece.Sample);
        writer.WriteString("text", piece.Text);
        writer.WriteStartArray("tokens");
        foreach (var id in piece.TokenIds)
        {
            writer.WriteNumberValue(id);
        }
        writer.WriteEndArray();
    });

    private void WritePlace(Utf8JsonWriter writer, int prompt, int sample)
    {
        writer.WriteNumber("sample", sample + 1);
        if (prompts.Count > 1)
        {
            writer.WriteNumber("promptNumber", prompt + 1);
        }
    }

    private void End()
    {
        if (!json)
        {
            terminal.Out.WriteLine();
            return;
        }
        var text = texts[current];
        lines.Write("text", writer =>
        {
            WritePlace(writer, current / samples, current % samples);
            writer.WriteString("prompt", text.Prompt);
            writer.WriteString("text", text.Answer.ToString());
            writer.WriteNumber("tokens", text.Ids.Count);
            writer.WriteString("reason", text.FinishReason switch
            {
                FinishReason.EndOfText => "endOfText",
                FinishReason.StopString => "stopString",
                FinishReason.MaxTokens => "maxTokens",
                _ => "interrupted",
            });
            writer.WriteStartArray("ids");
            foreach (var id in text.Ids)
            {
                writer.WriteNumberValue(id);
            }
            writer.WriteEndArray();
            if (text.LogProbabilities.Count > 0)
            {
                writer.WriteStartArray("logProbabilities");
                foreach (var logProbability in text.LogProbabilities)
                {
                    writer.WriteNumberValue(logProbability);
                }
                writer.WriteEndArray();
            }
        });
    }

    /// <summary>What is known of a text so far.</summary>
    private sealed class Written(string prompt)
    {
        internal string Prompt => prompt;

        internal StringBuilder Answer { get; } = new();

        internal List<int> Ids { get; } = [];

        internal List<double> LogProbabilities { get; } = [];

        internal FinishReason? FinishReason { get; private set; }

        internal void Add(GeneratedPiece piece)
        {
            Answer.Append(piece.Text);
            Ids.AddRange(piece.TokenIds);
            LogProbabilities.AddRange(piece.LogProbabilities);
            FinishReason = piece.FinishReason;
        }
    }
}
