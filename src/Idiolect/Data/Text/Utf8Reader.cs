using System.Buffers;
using System.Text.Unicode;

namespace Idiolect.Data;

/// <summary>The characters of a stream of UTF-8, strictly: what is none is an error that says where.</summary>
internal sealed class Utf8Reader : TextReader
{
    private const int BlockSize = 1 << 16;

    private readonly Stream _stream;
    private readonly string _name;
    private readonly byte[] _bytes = new byte[BlockSize];
    private int _start;
    private int _end;
    private long _offset; // of _bytes[_start] in the file
    private bool _ended;

    /// <param name="stream">The bytes; this owns them.</param>
    /// <param name="name">The file, for messages.</param>
    /// <param name="encoding">As in <see cref="TextEncoding.ToUtf8"/>.</param>
    internal Utf8Reader(Stream stream, string name, string? encoding)
    {
        _stream = TextEncoding.ToUtf8(stream, name, encoding, out var markLength);
        _name = name;
        _offset = markLength;
    }

    /// <exception cref="InvalidDataException">The bytes are no UTF-8.</exception>
    public override int Read(Span<char> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }
        while (true)
        {
            var status = Utf8.ToUtf16(_bytes.AsSpan(_start, _end - _start), buffer, out var read, out var written, replaceInvalidSequences: false, _ended);
            _start += read;
            _offset += read;
            if (written > 0)
            {
                return written;
            }
            switch (status)
            {
                case OperationStatus.InvalidData:
                    throw Utf8Check.NotUtf8(_name, _offset);
                case OperationStatus.DestinationTooSmall when buffer.Length == 1:
                    throw new InvalidOperationException("Characters are read two units at a time at least.");
                case OperationStatus.Done when _ended:
                    return 0;
                default:
                    Fill();
                    break;
            }
        }
    }

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    public override int ReadBlock(Span<char> buffer) => Read(buffer);

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _stream.Dispose();
        }
        base.Dispose(disposing);
    }

    private void Fill()
    {
        _bytes.AsSpan(_start, _end - _start).CopyTo(_bytes);
        _end -= _start;
        _start = 0;
        var count = _stream.Read(_bytes.AsSpan(_end));
        _ended = count == 0;
        _end += count;
    }
}
