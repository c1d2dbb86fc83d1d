namespace Idiolect.Cli;

/// <summary>What the process returns: documented in <c>--help</c> and read by scripts.</summary>
internal static class ExitCode
{
    internal const int Success = 0;

    /// <summary>The command was understood, but could not be done.</summary>
    internal const int Error = 1;

    /// <summary>The command line was not understood.</summary>
    internal const int Usage = 2;

    /// <summary>Stopped by Ctrl+C or SIGTERM (128 + 2, as a shell reports it).</summary>
    internal const int Interrupted = 130;
}
