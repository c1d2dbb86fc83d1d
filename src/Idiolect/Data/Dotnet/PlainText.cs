using System.Text;

namespace Idiolect.Data;

/// <summary>Collects text with its white space normalised: runs become one space, lines are trimmed, no line is empty.</summary>
internal sealed class PlainText
{
    private readonly StringBuilder _text = new();
    private bool _space;
    private bool _line;

    internal bool IsAtLineStart => _line || _text.Length == 0;

    /// <summary>Whether the line so far is only the dash of a list item.</summary>
    internal bool IsAfterBullet => _text is [.., '-'] && (_text.Length == 1 || _text[^2] == '\n');

    internal void Append(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (char.IsWhiteSpace(c))
            {
                _space = true;
                continue;
            }
            if (_text.Length > 0)
            {
                if (_line)
                {
                    _text.Append('\n');
                }
                else if (_space)
                {
                    _text.Append(' ');
                }
            }
            _space = _line = false;
            _text.Append(c);
        }
    }

    /// <summary>The next text starts a new line.</summary>
    internal void BreakLine() => _line = true;

    /// <summary>The collected text; starts anew.</summary>
    internal string Take()
    {
        var text = _text.ToString();
        _text.Clear();
        _space = _line = false;
        return text;
    }
}
