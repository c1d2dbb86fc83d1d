namespace Idiolect.Data;

/// <summary>Finds places at which a text may be cut and no tokenizer that splits words notices.</summary>
/// <remarks>
/// Behind a single line break and before a single space, both between letters, digits or ASCII signs, each pattern by which BPE splits text before
/// merging (GPT-2's, GPT-4's and those made of them) splits it, too. Of several spaces or line breaks what follows decides where, and GPT-4o's
/// takes a slash behind a line break to the sign before it.
/// </remarks>
internal static class SafeCut
{
    /// <summary>The last such place in a text, at least one character from both ends; 0 if there is none.</summary>
    internal static int FindLast(ReadOnlySpan<char> text)
    {
        for (var from = text.Length - 1; from > 0;)
        {
            var end = text[..from].LastIndexOf('\n');
            if (end <= 0)
            {
                break;
            }
            if (IsPlain(text[end - 1]) && IsPlain(text[end + 1]))
            {
                return end + 1;
            }
            from = end;
        }
        for (var from = text.Length - 1; from > 0;)
        {
            var space = text[..from].LastIndexOf(' ');
            if (space <= 0)
            {
                break;
            }
            if (IsPlain(text[space - 1]) && IsPlain(text[space + 1]))
            {
                return space;
            }
            from = space;
        }
        return 0;
    }

    /// <summary>The last place that is not within a character.</summary>
    internal static int FindLastCharacter(ReadOnlySpan<char> text) => char.IsHighSurrogate(text[^1]) ? text.Length - 1 : text.Length;

    private static bool IsPlain(char c) => char.IsLetterOrDigit(c) || c is > ' ' and < '\x7f' and not '/';
}
