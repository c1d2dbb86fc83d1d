namespace Idiolect.Tokenization;

/// <summary>
/// How text is cut into pieces before byte pairs are merged; merges never cross a piece. Both styles keep every
/// character, so that the pieces concatenate to the text.
/// </summary>
public enum PreTokenizer
{
    /// <summary>GPT-2's: words with the space before them, numbers of any length, runs of other characters.</summary>
    Gpt2,

    /// <summary>
    /// GPT-4's (cl100k; Llama 3 uses it too): as GPT-2's, but numbers are cut into groups of three, contractions match in
    /// any case, a word may begin with one sign, and line breaks stay with the white space or the signs before them.
    /// </summary>
    Gpt4,
}
