using System.Runtime.CompilerServices;

namespace Idiolect.Tokenization;

/// <summary>Walks over the pieces of a text, where each scanner cuts the pieces of the one before it. Allocates nothing.</summary>
internal ref struct PieceEnumerator
{
    /// <summary>The most scanners behind each other.</summary>
    internal const int MostScanners = 8;

    private readonly PieceScanner[] _scanners;
    private readonly ReadOnlySpan<char> _text;
    private Ends _ends; // of the current piece of each scanner
    private int _position;

    internal PieceEnumerator(PieceScanner[] scanners, ReadOnlySpan<char> text)
    {
        _scanners = scanners;
        _text = text;
    }

    public ReadOnlySpan<char> Current { get; private set; }

    public readonly PieceEnumerator GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_position == _text.Length)
        {
            return false;
        }
        var limit = _text.Length;
        for (var i = 0; i < _scanners.Length; i++)
        {
            if (_ends[i] <= _position)
            {
                _ends[i] = _position + _scanners[i].LengthOfFirst(_text[_position..limit]);
            }
            limit = _ends[i];
        }
        Current = _text[_position..limit];
        _position = limit;
        return true;
    }

    [InlineArray(MostScanners)]
    private struct Ends
    {
        private int _first;
    }
}
