namespace Idiolect.Data;

/// <summary>Texts of different lengths side by side, in memory that is used again.</summary>
internal sealed class PaddedTexts
{
    private int[] _tokens = [];
    private int[] _lengths = [];
    private int _count;
    private int _time;

    /// <summary>(count, time) token ids, padded at the end with zeros.</summary>
    internal ReadOnlySpan<int> Tokens => _tokens.AsSpan(0, _count * _time);

    /// <summary>(count): the tokens of each text.</summary>
    internal ReadOnlySpan<int> Lengths => _lengths.AsSpan(0, _count);

    /// <summary>Takes some texts.</summary>
    /// <param name="texts">All texts as tokens.</param>
    /// <param name="chosen">Which of them.</param>
    internal void Fill(IReadOnlyList<int[]> texts, ReadOnlySpan<int> chosen)
    {
        (_count, _time) = (chosen.Length, 0);
        foreach (var text in chosen)
        {
            _time = Math.Max(_time, texts[text].Length);
        }
        if (_tokens.Length < _count * _time)
        {
            _tokens = new int[_count * _time];
        }
        if (_lengths.Length < _count)
        {
            _lengths = new int[_count];
        }
        for (var row = 0; row < _count; row++)
        {
            var text = texts[chosen[row]];
            text.CopyTo(_tokens, row * _time);
            _tokens.AsSpan((row * _time) + text.Length, _time - text.Length).Clear();
            _lengths[row] = text.Length;
        }
    }
}
