using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>
/// Bytes for a table of any size, zero at first: in memory while they are few, and then in a temporary file that is mapped into memory, so that the
/// table takes disk.
/// </summary>
/// <remarks>The file's space is claimed when it is made: a full disk is an exception there, and not a crash at some later write.</remarks>
internal sealed class GrowingFile : IDisposable
{
    private readonly string _folder;
    private readonly long _mostInMemory;
    private Storage _storage;

    /// <param name="folder">Where the file lies meanwhile.</param>
    /// <param name="length">Bytes, above 0.</param>
    /// <param name="mostInMemory">Bytes up to which there is no file.</param>
    /// <exception cref="WriteFailedException">The folder cannot be written, or the disk is full.</exception>
    internal GrowingFile(string folder, long length, long mostInMemory)
    {
        _folder = folder;
        _mostInMemory = mostInMemory;
        _storage = Create(length);
    }

    internal long Length => _storage.Length;

    internal void Read<T>(long offset, Span<T> values)
        where T : unmanaged
        => _storage.Read(offset, values);

    internal void Write<T>(long offset, ReadOnlySpan<T> values)
        where T : unmanaged
        => _storage.Write(offset, values);

    internal ulong Read(long offset) => _storage.Memory is { } memory
        ? BinaryPrimitives.ReadUInt64LittleEndian(memory.AsSpan((int)offset))
        : _storage.View!.ReadUInt64(offset);

    internal void Write(long offset, ulong value)
    {
        if (_storage.Memory is { } memory)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(memory.AsSpan((int)offset), value);
        }
        else
        {
            _storage.View!.Write(offset, value);
        }
    }

    /// <summary>Makes it longer; what was in it stays.</summary>
    internal void Grow(long length, CancellationToken cancellationToken)
    {
        var larger = Create(length);
        var block = new byte[1 << 16];
        for (long offset = 0; offset < Length; offset += block.Length)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                larger.Dispose();
                cancellationToken.ThrowIfCancellationRequested();
            }
            var part = block.AsSpan(0, (int)Math.Min(block.Length, Length - offset));
            _storage.Read(offset, part);
            larger.Write<byte>(offset, part);
        }
        _storage.Dispose();
        _storage = larger;
    }

    /// <summary>Makes it longer, with zeros alone in it.</summary>
    internal void GrowEmpty(long length)
    {
        var larger = Create(length);
        _storage.Dispose();
        _storage = larger;
    }

    public void Dispose() => _storage.Dispose();

    private Storage Create(long length) => length <= _mostInMemory ? new Storage(new byte[length], null, null, null) : Map(length);

    private Storage Map(long length)
    {
        var path = Path.Join(_folder, $".idiolect-{Path.GetRandomFileName()}.tmp");
        FileStream? stream = null;
        try
        {
            stream = Claim(path, length);
            stream.SetLength(length);
            var file = MemoryMappedFile.CreateFromFile(stream, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: true);
            var view = file.CreateViewAccessor(0, length);
            if (!OperatingSystem.IsWindows())
            {
                File.Delete(path); // it lives on without a name, and is gone even if the process is killed
            }
            return new Storage(null, stream, file, view);
        }
        catch (Exception exception)
        {
            stream?.Dispose();
            if (WriteFailedException.Explains(exception))
            {
                throw new WriteFailedException(_folder, exception);
            }
            throw;
        }
    }

    private static FileStream Claim(string path, long length)
    {
        var options = new FileStreamOptions
        {
            Mode = FileMode.CreateNew, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose, PreallocationSize = length,
        };
        try
        {
            return new FileStream(path, options);
        }
        catch (IOException exception) when (exception.HResult == new IOException().HResult)
        {
            // Too little room is the one failure for which .NET has words alone, and no number.
            throw new IOException(exception.Message, WriteFailedException.NoSpaceUnix);
        }
    }

    /// <summary>Either memory, or a file with its mapping.</summary>
    private sealed record Storage(byte[]? Memory, FileStream? Stream, MemoryMappedFile? File, MemoryMappedViewAccessor? View) : IDisposable
    {
        internal long Length => Memory?.Length ?? Stream!.Length;

        internal void Read<T>(long offset, Span<T> values)
            where T : unmanaged
        {
            var bytes = MemoryMarshal.AsBytes(values);
            if (Memory is not null)
            {
                Memory.AsSpan((int)offset, bytes.Length).CopyTo(bytes);
            }
            else
            {
                View!.SafeMemoryMappedViewHandle.ReadSpan((ulong)(View.PointerOffset + offset), bytes);
            }
        }

        internal void Write<T>(long offset, ReadOnlySpan<T> values)
            where T : unmanaged
        {
            var bytes = MemoryMarshal.AsBytes(values);
            if (Memory is not null)
            {
                bytes.CopyTo(Memory.AsSpan((int)offset));
            }
            else
            {
                View!.SafeMemoryMappedViewHandle.WriteSpan((ulong)(View.PointerOffset + offset), bytes);
            }
        }

        public void Dispose()
        {
            View?.Dispose();
            File?.Dispose();
            Stream?.Dispose();
        }
    }
}
