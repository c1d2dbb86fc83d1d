using Idiolect.Tokenization;

namespace Idiolect.Generation;

/// <summary>Turns the tokens of one text into its pieces.</summary>
/// <param name="tokenizer">Knows the tokens' text.</param>
/// <param name="ends">Tokens that end a text beside the tokenizer's.</param>
/// <param name="options">Stop strings, the most tokens, and what pieces carry.</param>
/// <param name="prompt">Which of the prompts.</param>
/// <param name="sample">Which of its texts.</param>
internal sealed class PieceWriter(Tokenizer tokenizer, IReadOnlyList<int> ends, GenerationOptions options, int prompt, int sample)
{
    private readonly StreamingDecoder _decoder = tokenizer.CreateDecoder();
    private readonly StopScanner _scanner = new(options.StopStrings);
    private readonly List<int> _ids = []; // since the last piece
    private readonly List<double> _logProbabilities = []; // since the last piece, where they are wanted
    private int _count;

    internal bool Ended { get; private set; }

    /// <summary>Takes a token; returns a piece where there is new text, or the last one.</summary>
    internal GeneratedPiece? Write(int id, double logProbability)
    {
        _count++;
        _ids.Add(id);
        if (options.LogProbabilities)
        {
            _logProbabilities.Add(logProbability);
        }
        // An id that the tokenizer does not know (a gap, or padding of the vocabulary) stands for nothing.
        var isEnd = id == tokenizer.BeginningOfTextId || id == tokenizer.EndOfTextId || ends.Contains(id);
        var isFull = _count == options.MaxTokens;
        var text = isEnd || !tokenizer.Knows(id) ? "" : _scanner.Push(_decoder.Append(id));
        if (isEnd || isFull)
        {
            text += _scanner.Push(_decoder.Flush());
            text += _scanner.Flush();
        }
        FinishReason? reason = _scanner.Stopped ? FinishReason.StopString
            : isEnd ? FinishReason.EndOfText
            : isFull ? FinishReason.MaxTokens
            : null;
        return text.Length > 0 || reason is not null ? Piece(text, reason) : null;
    }

    /// <summary>The only piece of a text that may have no token.</summary>
    internal GeneratedPiece WriteNothing() => Piece("", FinishReason.MaxTokens);

    private GeneratedPiece Piece(string text, FinishReason? reason)
    {
        var piece = new GeneratedPiece
        {
            Prompt = prompt,
            Sample = sample,
            Text = text,
            TokenIds = [.. _ids],
            LogProbabilities = [.. _logProbabilities],
            TokenCount = _count,
            FinishReason = reason,
        };
        _ids.Clear();
        _logProbabilities.Clear();
        Ended = piece.IsLast;
        return piece;
    }
}
