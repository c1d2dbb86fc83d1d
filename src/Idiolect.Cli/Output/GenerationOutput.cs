namespace Idiolect.Cli.Output;

/// <summary>Shows generated text: as it comes for a person (one sample after the other), or an object a sample.</summary>
/// <param name="terminal">Where to.</param>
/// <param name="json">Objects instead of text.</param>
/// <param name="samples">How many there will be; headings separate several.</param>
internal sealed class GenerationOutput(Terminal terminal, bool json, int samples)
{
    private readonly JsonLines lines = new(terminal.Out);

    /// <summary>A sample begins (numbered from 1); <paramref name="prompt"/> is shown before what follows it.</summary>
    internal void Begin(int sample, string prompt)
    {
        if (json)
        {
            return;
        }
        if (samples > 1)
        {
            terminal.Out.WriteLine(sample == 1 ? $"--- {sample} ---" : $"{Environment.NewLine}--- {sample} ---");
        }
        Append(prompt);
    }

    /// <summary>The next piece of the sample that has begun.</summary>
    internal void Append(string text)
    {
        if (!json)
        {
            terminal.Out.Write(terminal.Live ? TrainingText.Printable(text) : text);
        }
    }

    /// <summary>A sample is complete.</summary>
    /// <param name="sample">From 1.</param>
    /// <param name="text">Prompt and continuation.</param>
    /// <param name="tokens">Generated, without the prompt's.</param>
    internal void End(int sample, string text, int tokens)
    {
        if (!json)
        {
            terminal.Out.WriteLine();
            return;
        }
        lines.Write("text", writer =>
        {
            writer.WriteNumber("sample", sample);
            writer.WriteString("text", text);
            writer.WriteNumber("tokens", tokens);
        });
    }

    /// <summary>All samples are complete. A person sees the speed on standard error, so that the text can be piped.</summary>
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
}
