using Microsoft.Win32.SafeHandles;

namespace Idiolect.Formats;

/// <summary>
/// Compares a file with its checksum while others read it: whoever reads in the file's order reads it once. What they leave out is read here.
/// </summary>
internal sealed class FileVerification : IDisposable
{
    /// <summary>Small enough that what was read is still in the processor's cache when it is hashed.</summary>
    internal const int ChunkBytes = 1 << 18;

    private readonly string _path;
    private readonly SafeFileHandle _handle;
    private readonly FileChecksum _expected;
    private readonly ContentHash _hash;
    private long _position; // all before it is hashed

    /// <param name="path">The file.</param>
    /// <param name="handle">The same, open; the caller keeps it.</param>
    /// <param name="expected">What it must be.</param>
    /// <exception cref="InvalidDataException">Its length is another.</exception>
    internal FileVerification(string path, SafeFileHandle handle, FileChecksum expected)
    {
        (_path, _handle, _expected, _hash) = (path, handle, expected, expected.CreateHash());
        if (expected.DescribeLength(RandomAccess.GetLength(handle), Path.GetFileName(path)) is { } damage)
        {
            throw FolderChecksums.Damaged(Path.GetDirectoryName(path)!, damage);
        }
    }

    /// <summary>Takes bytes that somebody has read.</summary>
    /// <param name="offset">Where they lie in the file.</param>
    /// <param name="bytes">The bytes.</param>
    internal void Append(long offset, ReadOnlySpan<byte> bytes)
    {
        if (offset + bytes.Length <= _position)
        {
            return; // read a second time
        }
        Skip(offset);
        _hash.Append(bytes[(int)(_position - offset)..]);
        _position = offset + bytes.Length;
    }

    /// <summary>Reads what is left.</summary>
    /// <exception cref="InvalidDataException">The file is not as it was written.</exception>
    internal void Finish()
    {
        Skip(_expected.Length);
        if (_expected.DescribeHash(_hash, Path.GetFileName(_path)) is { } damage)
        {
            throw FolderChecksums.Damaged(Path.GetDirectoryName(_path)!, damage);
        }
    }

    public void Dispose() => _hash.Dispose();

    /// <summary>Reads what nobody has, up to <paramref name="end"/>.</summary>
    private void Skip(long end)
    {
        var buffer = _position < end ? new byte[Math.Min(ChunkBytes, end - _position)] : [];
        while (_position < end)
        {
            var read = RandomAccess.Read(_handle, buffer.AsSpan(0, (int)Math.Min(buffer.Length, end - _position)), _position);
            if (read == 0)
            {
                break; // shorter than it was: another hash
            }
            _hash.Append(buffer.AsSpan(0, read));
            _position += read;
        }
    }
}
