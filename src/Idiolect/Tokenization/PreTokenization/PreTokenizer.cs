namespace Idiolect.Tokenization;

/// <summary>
/// How text is cut into pieces before byte pairs are merged; merges never cross a piece. All keep every character, so that the pieces
/// concatenate to the text.
/// </summary>
public sealed class PreTokenizer
{
    private const int MostScanners = PieceEnumerator.MostScanners;

    private readonly string _name;

    /// <param name="name">What people call it.</param>
    /// <param name="addsPrefixSpace">Whether a text that does not begin with a space gets one.</param>
    /// <param name="scanners">Each cuts the pieces of the one before it; none at all leaves a text whole.</param>
    internal PreTokenizer(string name, bool addsPrefixSpace, params IReadOnlyList<NamedScanner> scanners)
    {
        if (scanners.Count > MostScanners)
        {
            throw new ArgumentException($"has {scanners.Count} steps; at most {MostScanners} are supported", nameof(scanners));
        }
        _name = name;
        AddsPrefixSpace = addsPrefixSpace;
        Steps = scanners;
        Scanners = [.. scanners.Select(step => step.Scanner)];
    }

    /// <summary>GPT-2's: words with the space before them, numbers of any length, runs of other characters.</summary>
    public static PreTokenizer Gpt2 { get; } = new("GPT-2", false, NamedScanner.Gpt2);

    /// <summary>
    /// GPT-4's (cl100k; Llama 3 uses it too): as GPT-2's, but numbers are cut into groups of three, contractions match in
    /// any case, a word may begin with one sign, and line breaks stay with the white space or the signs before them.
    /// </summary>
    public static PreTokenizer Gpt4 { get; } = new("GPT-4", false, NamedScanner.Gpt4);

    /// <summary>How a <c>tokenizer.json</c> states the steps.</summary>
    internal IReadOnlyList<NamedScanner> Steps { get; }

    internal PieceScanner[] Scanners { get; }

    /// <summary>Whether a text that does not begin with a space gets one, as RoBERTa's and BART's do.</summary>
    internal bool AddsPrefixSpace { get; }

    /// <summary>The pieces of a text.</summary>
    internal PieceEnumerator Pieces(ReadOnlySpan<char> text) => new(Scanners, text);

    /// <inheritdoc/>
    public override string ToString() => _name;
}
