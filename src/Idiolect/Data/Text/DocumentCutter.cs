namespace Idiolect.Data;

/// <summary>Cuts a stream of characters into documents, and long documents into parts, so that any text fits into memory.</summary>
internal static class DocumentCutter
{
    // Small enough to stay out of the heap of large objects, which is cleared rarely.
    private const int DefaultPartLength = 1 << 15;
    private const int LongestWord = 1 << 20;

    /// <summary>The documents of a text, in parts.</summary>
    /// <param name="reader">The characters.</param>
    /// <param name="name">Where they come from.</param>
    /// <param name="separator">What stands between documents; null if all is one.</param>
    /// <param name="partLength">About how long a part is; a text without a place to cut has longer ones.</param>
    internal static IEnumerable<TextPart> Read(TextReader reader, string name, DocumentSeparator? separator, int partLength = DefaultPartLength)
    {
        var buffer = new CharacterBuffer(reader, partLength);
        var (document, isFirst) = (1, true);
        string? waiting = null; // the part before, until it is known whether it is the last
        while (true)
        {
            if (separator is not null && isFirst && waiting is null)
            {
                buffer.Take(separator.Leading(buffer.Text));
            }
            var text = buffer.Text;
            var (end, length) = separator?.Find(text) ?? (-1, 0);
            var isLast = end >= 0 || buffer.HasEnded;
            var cut = isLast ? (end >= 0 ? end : text.Length) : text.Length < partLength ? 0 : FindCut(text, separator);
            if (cut == 0 && !isLast)
            {
                buffer.Grow();
                continue;
            }
            var part = text[..cut].ToString();
            buffer.Take(cut + length);
            if (isLast && separator is not null)
            {
                part = part.TrimEnd('\r', '\n');
            }
            if (waiting is not null && (part.Length > 0 || !isLast))
            {
                yield return new TextPart(Name(), waiting, isFirst, IsLast: false);
                (waiting, isFirst) = (null, false);
            }
            waiting = part.Length > 0 ? part : waiting;
            if (isLast)
            {
                if (waiting is not null)
                {
                    yield return new TextPart(Name(), waiting, isFirst, IsLast: true);
                    document++;
                }
                (waiting, isFirst) = (null, true);
                if (end < 0)
                {
                    yield break;
                }
            }
        }

        string Name() => separator is null ? name : $"{name}#{document}";
    }

    private static int FindCut(ReadOnlySpan<char> text, DocumentSeparator? separator)
    {
        text = text[..^(separator?.HeldBack(text) ?? 0)];
        var cut = SafeCut.FindLast(text);
        return cut > 0 || text.Length < LongestWord ? cut : SafeCut.FindLastCharacter(text);
    }

    /// <summary>Characters that are read and not yet taken.</summary>
    private sealed class CharacterBuffer(TextReader reader, int blockLength)
    {
        private char[] _characters = new char[2 * Math.Max(2, blockLength)];
        private int _start;
        private int _end;

        internal bool HasEnded { get; private set; }

        internal ReadOnlySpan<char> Text => _characters.AsSpan(_start, _end - _start);

        internal void Take(int count) => _start += count;

        /// <summary>Reads some more.</summary>
        internal void Grow()
        {
            Text.CopyTo(_characters);
            _end -= _start;
            _start = 0;
            if (_characters.Length - _end < 2)
            {
                Array.Resize(ref _characters, 2 * _characters.Length);
            }
            var count = reader.Read(_characters.AsSpan(_end));
            HasEnded = count == 0;
            _end += count;
        }
    }
}
