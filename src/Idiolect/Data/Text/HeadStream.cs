namespace Idiolect.Data;

/// <summary>A stream whose first bytes can be looked at before they are read.</summary>
internal sealed class HeadStream : ReadOnlyStream
{
    private const int Size = 4096;

    private readonly byte[] _head = new byte[Size];
    private readonly int _length;
    private int _position;

    /// <param name="rest">The stream, which this one owns.</param>
    internal HeadStream(Stream rest)
        : base(rest) => _length = rest.ReadAtLeast(_head, Size, throwOnEndOfStream: false);

    /// <summary>The first bytes, however much was read since; 4,096 unless the stream is shorter.</summary>
    internal ReadOnlySpan<byte> Head => _head.AsSpan(0, _length);

    public override int Read(Span<byte> buffer)
    {
        if (_position == _length)
        {
            return Inner.Read(buffer);
        }
        var count = Math.Min(buffer.Length, _length - _position);
        _head.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    /// <summary>Goes on behind the first bytes that are to be passed over, such as a mark.</summary>
    internal void Skip(int count) => _position = Math.Min(_length, count);
}
