namespace Idiolect.Tokenization;

/// <summary>A text on its own as a model saw it in training: between the tokens that separate documents.</summary>
internal static class EncodeText
{
    /// <summary>The tokens of a text behind the token that begins it; one that is too long loses its end.</summary>
    /// <param name="text">The text.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="closed">Whether the token that ends it follows: for a model that reads in both directions.</param>
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
    internal static int Room(Tokenizer tokenizer, bool closed, int limit) => Math.Max(0, limit - (tokenizer.BeginningOfTextId is null ? 0 : closed ? 2 : 1));

    /// <summary>The same of a text that is tokens already.</summary>
    internal static int[] Framed(int[] tokens, Tokenizer tokenizer, bool closed)
        => tokenizer.BeginningOfTextId is not { } mark ? tokens : closed ? [mark, .. tokens, mark] : [mark, .. tokens];
}
