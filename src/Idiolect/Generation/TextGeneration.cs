using System.Diagnostics;
using System.Runtime.CompilerServices;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Generation;

/// <summary>
/// The loop of a generation: tokens of all samples of a prompt in step, as pieces. Prompts come one after the other, so that none can change
/// another's text; callers go by <see cref="GeneratedPiece.Prompt"/>, and an engine that reads rows of several texts may take its place.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="tokenizer">Its tokenizer.</param>
/// <param name="ends">Tokens that end a text beside the tokenizer's.</param>
/// <param name="options">How to choose, when to stop, how many.</param>
/// <param name="statistics">Added to while texts are written.</param>
internal sealed class TextGeneration(
    ILanguageModel model, Tokenizer tokenizer, IReadOnlyList<int> ends, GenerationOptions options, GenerationStatistics statistics)
{
    /// <summary>
    /// The prompt's tokens, with those that the tokenizer puts around a text. Where that is nothing, a text begins with the token that begins
    /// one, or, where the vocabulary has none, with a line feed, as in nanoGPT, or the first token where even that is unknown.
    /// </summary>
    internal static int[] EncodePrompt(string prompt, Tokenizer tokenizer)
    {
        var tokens = tokenizer.EncodeWithSpecialTokens(prompt, allowSpecial: !tokenizer.Added.SplitsSpecialTokens);
        if (tokens.Length > 0)
        {
            return tokens;
        }
        if (tokenizer.BeginningOfTextId is { } beginning)
        {
            return [beginning];
        }
        try
        {
            return tokenizer.Encode("\n");
        }
        catch (ArgumentException)
        {
            return [0];
        }
    }

    /// <summary>Writes all texts.</summary>
    /// <param name="prompts">The tokens of each prompt.</param>
    /// <param name="cancellationToken">Ends the enumeration with an exception.</param>
    internal async IAsyncEnumerable<GeneratedPiece> Run(int[][] prompts, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        for (var prompt = 0; prompt < prompts.Length; prompt++)
        {
            var most = (int)Math.Clamp((options.MaxLength ?? (long)int.MaxValue) - prompts[prompt].Length, 0, options.MaxTokens);
            PieceWriter[] writers = [.. Enumerable.Range(0, options.Samples)
                .Select(sample => new PieceWriter(tokenizer, ends, options with { MaxTokens = most }, prompt, sample))];
            if (most == 0)
            {
                foreach (var writer in writers)
                {
                    yield return writer.WriteNothing();
                }
                continue;
            }
            using var generator = new TokenGenerator(model, prompts[prompt], options, prompt);
            statistics.PromptTokens += prompts[prompt].Length * options.Samples;
            for (var isFirst = true; writers.Any(writer => !writer.Ended); isFirst = false)
            {
                cancellationToken.ThrowIfCancellationRequested();
                await AdvanceAsync(generator, writers.Count(writer => !writer.Ended), isFirst, cancellationToken).ConfigureAwait(false);
                for (var sample = 0; sample < writers.Length; sample++)
                {
                    if (!writers[sample].Ended
                        && writers[sample].Write(generator.Token(sample), generator.LogProbability(sample)) is { } piece)
                    {
                        if (piece.IsLast)
                        {
                            generator.End(sample);
                        }
                        yield return piece;
                    }
                }
            }
        }
    }

    private async Task AdvanceAsync(TokenGenerator generator, int texts, bool isFirst, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        // The work runs on the pool, so that a caller on a user-interface thread stays free.
        await Task.Run(generator.Advance, cancellationToken).ConfigureAwait(false);
        if (isFirst)
        {
            statistics.PromptSeconds += watch.Elapsed.TotalSeconds;
        }
        else
        {
            statistics.Seconds += watch.Elapsed.TotalSeconds;
            statistics.Tokens += texts;
        }
    }
}
