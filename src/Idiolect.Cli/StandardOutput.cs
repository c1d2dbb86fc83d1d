using System.Text;

using Idiolect.Formats;

using Microsoft.Win32.SafeHandles;

namespace Idiolect.Cli;

/// <summary>
/// Standard output that says when nobody reads any more. The console's own stream swallows a broken pipe, and
/// <c>idiolect generate | head -1</c> would write on, unheard, to the last token.
/// </summary>
internal static class StandardOutput
{
    private const int Descriptor = 1;

    internal static StreamWriter Open() => new(OpenStream(), new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { AutoFlush = true };

    private static Reporting OpenStream()
    {
        if (!OperatingSystem.IsWindows())
        {
            try
            {
                var stream = new FileStream(new SafeFileHandle(Descriptor, ownsHandle: false), FileAccess.Write, bufferSize: 0);
                if (!stream.CanSeek) // a FileStream would write a file from its own idea of the position, not from the shell's
                {
                    return new Reporting(stream);
                }
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
            {
                return new Reporting(Stream.Null); // closed by the caller: >&-
            }
        }
        return new Reporting(Console.OpenStandardOutput());
    }

    /// <summary>Names the stream in the message of an error: "No space left on device" alone says too little.</summary>
    private sealed class Reporting(Stream stream) : Stream
    {
        private const int BrokenPipe = 32; // EPIPE on Linux and macOS; .NET keeps errno in HResult

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            try
            {
                stream.Write(buffer);
            }
            catch (IOException exception) when (exception.HResult == BrokenPipe)
            {
                throw new BrokenPipeException(exception);
            }
            catch (Exception exception) when (WriteFailedException.Explains(exception))
            {
                throw new IOException($"cannot write to standard output: {exception.Message.Split(" (Parameter")[0]}", exception);
            }
        }

        public override void Flush() => stream.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}

/// <summary>The reader of standard output has gone (<c>| head</c>): no error, only the end, but for a training, whose work would be lost.</summary>
internal sealed class BrokenPipeException(IOException cause) : IOException("nobody reads standard output any more", cause);
