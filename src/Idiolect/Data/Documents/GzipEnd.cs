namespace Idiolect.Data;

/// <summary>
/// Notices a gzip file that is cut off, where .NET's reader takes the end of the file for the end of the text: a member of our own is read behind the
/// last one, and arrives only if that was whole.
/// </summary>
internal static class GzipEnd
{
    private static readonly byte[] Mark = [0x9E, 0x37, 0x79, 0xB9, 0x7F, 0x4A, 0x7C, 0x15, 0xF3, 0x9C, 0xC0, 0x60, 0x5C, 0xED, 0xC8, 0x34];

    private static readonly byte[] Member = Compress();

    private static byte[] Compress()
    {
        using var memory = new MemoryStream();
        using (var gzip = new System.IO.Compression.GZipStream(memory, System.IO.Compression.CompressionLevel.NoCompression, leaveOpen: true))
        {
            gzip.Write(Mark);
        }
        return memory.ToArray();
    }

    /// <summary>The compressed bytes, and our member behind them.</summary>
    internal sealed class Marked(Stream inner) : ReadOnlyStream(inner)
    {
        private int _position = -1; // in the member, once the rest has ended

        public override int Read(Span<byte> buffer)
        {
            if (buffer.IsEmpty)
            {
                return 0;
            }
            if (_position < 0)
            {
                var count = Inner.Read(buffer);
                if (count > 0)
                {
                    return count;
                }
                _position = 0;
            }
            var length = Math.Min(buffer.Length, Member.Length - _position);
            Member.AsSpan(_position, length).CopyTo(buffer);
            _position += length;
            return length;
        }
    }

    /// <summary>The unpacked bytes without our own, which must be the last.</summary>
    internal sealed class Checked(Stream inner) : ReadOnlyStream(inner)
    {
        private readonly byte[] _block = new byte[1 << 16];
        private int _start;
        private int _end;

        /// <exception cref="EndOfStreamException">The compressed bytes end too early.</exception>
        public override int Read(Span<byte> buffer)
        {
            while (_end - _start <= Mark.Length)
            {
                _block.AsSpan(_start, _end - _start).CopyTo(_block);
                (_start, _end) = (0, _end - _start);
                var read = Inner.Read(_block.AsSpan(_end));
                _end += read;
                if (read == 0)
                {
                    return _block.AsSpan(0, _end).SequenceEqual(Mark) ? 0 : throw new EndOfStreamException("The compressed bytes end too early.");
                }
            }
            var count = Math.Min(buffer.Length, _end - _start - Mark.Length);
            _block.AsSpan(_start, count).CopyTo(buffer);
            _start += count;
            return count;
        }
    }
}
