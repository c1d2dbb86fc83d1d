namespace Idiolect.Tokenization;

/// <summary>A text on its own as a model saw it in training: between the tokens that the tokenizer puts around it.</summary>
internal static class EncodeText
{
    /// <summary>The tokens of a text with those around it; one that is too long loses its end.</summary>
    /// <param name="text">The text.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="closed">Whether a token ends it in any case: for a model that reads in both directions.</param>
    /// <param name="limit">The most tokens in all.</param>
    /// <exception cref="ArgumentException">The text has no token at all, or a character that the tokenizer does not know.</exception>
    internal static int[] Framed(string text, Tokenizer tokenizer, bool closed, int limit) => Framed(text, tokenizer, closed, limit, out _);

    /// <summary>The same, and whether the text was longer than there is room.</summary>
    internal static int[] Framed(string text, Tokenizer tokenizer, bool closed, int limit, out bool truncated)
    {
        var room = Room(tokenizer, closed, limit);
        var tokens = tokenizer.Encode(text);
        truncated = tokens.Length > room;
        var framed = Framed(truncated ? tokens[..room] : tokens, tokenizer, closed);
        return framed.Length > 0 ? framed : throw new ArgumentException("a text is empty, and the model has no token that begins one", nameof(text));
    }

    /// <summary>The most tokens of a text itself.</summary>
    internal static int Room(Tokenizer tokenizer, bool closed, int limit) => Math.Max(0, limit - Frame(tokenizer, closed).Count);

    /// <summary>The same of a text that is tokens already.</summary>
    internal static int[] Framed(int[] tokens, Tokenizer tokenizer, bool closed)
    {
        var frame = Frame(tokenizer, closed);
        int[] framed = [.. frame.Before, .. tokens, .. frame.After];
        return framed.Length == 0 && tokenizer.BeginningOfTextId is { } mark ? [mark] : framed;
    }

    /// <summary>What stands around a text.</summary>
    internal static TextFrame Frame(Tokenizer tokenizer, bool closed)
        => closed && tokenizer.Added.Frame.After.Count == 0 && tokenizer.BeginningOfTextId is { } mark
            ? tokenizer.Added.Frame with { After = [mark] }
            : tokenizer.Added.Frame;
}
