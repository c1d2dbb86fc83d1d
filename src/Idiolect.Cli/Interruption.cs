using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Idiolect.Cli;

/// <summary>
/// The signals. Of Ctrl+C and SIGTERM the first asks the work to end in order (a training finishes its step and saves), the second ends the process.
/// </summary>
internal sealed class Interruption : IDisposable
{
    // SIGXFSZ on Linux and macOS: a write past `ulimit -f`. It ends a process that does not handle it; then the write itself fails.
    private const PosixSignal FileSizeLimit = (PosixSignal)25;

    // `timeout` and service managers send SIGTERM to a process and then to its group: the second is no other request.
    private static readonly TimeSpan Echo = TimeSpan.FromMilliseconds(500);

    private readonly CancellationTokenSource source = new();
    private readonly Terminal terminal;
    private readonly PosixSignalRegistration[] registrations;
    private long first; // when the first signal came

    internal Interruption(Terminal terminal)
    {
        this.terminal = terminal;
        registrations =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Handle),
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Handle),
            .. OperatingSystem.IsWindows() ? [] : new[] { PosixSignalRegistration.Create(FileSizeLimit, context => context.Cancel = true) },
        ];
    }

    internal CancellationToken Token => source.Token;

    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }
        source.Dispose();
    }

    private void Handle(PosixSignalContext context)
    {
        context.Cancel = true;
        var now = Stopwatch.GetTimestamp();
        var before = Interlocked.CompareExchange(ref first, now, 0);
        if (before != 0)
        {
            if (context.Signal == PosixSignal.SIGTERM && Stopwatch.GetElapsedTime(before, now) < Echo)
            {
                return;
            }
            if (terminal.Live)
            {
                terminal.WriteError("\e[?25h"); // a progress bar hides the cursor
            }
            Environment.Exit(ExitCode.Interrupted);
        }
        terminal.WriteError("stopping in order; press Ctrl+C again to stop at once");
        source.Cancel();
    }
}
