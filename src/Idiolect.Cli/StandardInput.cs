using Idiolect.Data;

namespace Idiolect.Cli;

/// <summary>Reads what is piped in.</summary>
internal static class StandardInput
{
    /// <summary>The word that stands for it where a file is named.</summary>
    internal const string Name = "-";

    // A pipe of a script may stay open without a word. Who needs no text waits this long for the first byte.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>All of it.</summary>
    /// <param name="terminal">Where it comes from; from a person at a terminal too, up to Ctrl+D.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidDataException">It is no text.</exception>
    internal static async Task<string> ReadAsync(Terminal terminal, CancellationToken cancellationToken)
    {
        using var typed = terminal.Input is null ? Console.OpenStandardInput() : null;
        return Decode(await ReadToEndAsync(terminal.Input ?? typed!, [], cancellationToken).ConfigureAwait(false));
    }

    /// <summary>All of what is piped in; null where nothing is, or nothing comes.</summary>
    /// <param name="terminal">Where it comes from.</param>
    /// <param name="without">What happens without, for a person who wonders.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="InvalidDataException">It is no text.</exception>
    internal static async Task<string?> ReadPipedAsync(Terminal terminal, string without, CancellationToken cancellationToken)
    {
        return await FirstByteAsync(terminal, without, cancellationToken).ConfigureAwait(false) is { } first
            ? Decode(await ReadToEndAsync(terminal.Input!, [first], cancellationToken).ConfigureAwait(false)) : null;
    }

    /// <summary>The first byte of what is piped in; null where nothing is, or nothing comes.</summary>
    /// <param name="terminal">Where it comes from.</param>
    /// <param name="without">What happens without, for a person who wonders.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    internal static async Task<byte?> FirstByteAsync(Terminal terminal, string without, CancellationToken cancellationToken)
    {
        if (terminal.Input is not { } input)
        {
            return null;
        }
        var buffer = new byte[1];
        // A read of a pipe hears no token: the thread that waits is left behind.
        var first = Task.Run(() => input.Read(buffer, 0, 1), CancellationToken.None);
        if (await Task.WhenAny(first, Task.Delay(Patience, cancellationToken)).ConfigureAwait(false) != first)
        {
            cancellationToken.ThrowIfCancellationRequested();
            terminal.WriteError($"nothing comes from standard input: {without}");
            return null;
        }
        return await first.ConfigureAwait(false) == 0 ? null : buffer[0];
    }

    private static async Task<MemoryStream> ReadToEndAsync(Stream input, byte[] begun, CancellationToken cancellationToken)
    {
        var memory = new MemoryStream();
        memory.Write(begun);
        await Task.Run(() => input.CopyTo(memory), CancellationToken.None).WaitAsync(cancellationToken).ConfigureAwait(false);
        memory.Position = 0;
        return memory;
    }

    private static string Decode(MemoryStream bytes)
    {
        using (bytes)
        {
            return Utf8Text.Read(bytes, "standard input");
        }
    }
}
