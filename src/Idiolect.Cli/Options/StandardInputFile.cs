using System.Security.Cryptography;

using Idiolect.Data;
using Idiolect.Formats;

namespace Idiolect.Cli.Options;

/// <summary>Standard input in a temporary file, because text is read more than once; the file goes with the command.</summary>
internal sealed class StandardInputFile : IDisposable
{
    private const int BlockSize = 1 << 16;

    private StandardInputFile(string path) => Path = path;

    internal string Path { get; }

    /// <summary>Copies standard input to a file, if a source stands for it; null if none does.</summary>
    /// <exception cref="ArgumentException">Standard input is a keyboard.</exception>
    internal static StandardInputFile? For(IEnumerable<string> sources, Terminal terminal, CancellationToken cancellationToken)
    {
        if (!sources.Contains(TextSource.StandardInput))
        {
            return null;
        }
        return Copy(terminal.Input ?? throw new ArgumentException("- reads standard input, and nothing is piped into it"), [], cancellationToken);
    }

    /// <summary>Copies what is piped in to a file; null where nothing is.</summary>
    /// <param name="terminal">Where it comes from.</param>
    /// <param name="without">What happens without, for a person who wonders.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static StandardInputFile? OfPipe(Terminal terminal, string without, CancellationToken cancellationToken)
        => StandardInput.FirstByteAsync(terminal, without, cancellationToken).GetAwaiter().GetResult() is { } first
            ? Copy(terminal.Input!, [first], cancellationToken) : null;

    private static StandardInputFile Copy(Stream input, ReadOnlySpan<byte> begun, CancellationToken cancellationToken)
    {
        var name = $"idiolect-{RandomNumberGenerator.GetHexString(16, lowercase: true)}.txt";
        var file = new StandardInputFile(System.IO.Path.Join(System.IO.Path.GetTempPath(), name));
        try
        {
            using var copy = new FileStream(file.Path, FileMode.CreateNew, FileAccess.Write);
            copy.Write(begun);
            // A read that waits for a program does not hear a cancellation: it is waited for beside it.
            var buffer = new byte[BlockSize];
            for (int count; (count = Task.Run(() => input.Read(buffer), CancellationToken.None).WaitAsync(cancellationToken).GetAwaiter().GetResult()) > 0;)
            {
                copy.Write(buffer, 0, count);
            }
            return file;
        }
        catch (Exception exception)
        {
            file.Dispose();
            if (WriteFailedException.Explains(exception))
            {
                throw new WriteFailedException(file.Path, exception, "TMPDIR names another folder for what is piped in.");
            }
            throw;
        }
    }

    public void Dispose() => File.Delete(Path);
}
