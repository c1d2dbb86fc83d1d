using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// A tape that does not record, for passes without a training step around them: on the shared team, or on one of its own where a caller
/// asks for a number of threads.
/// </summary>
internal sealed class InferenceTape : IDisposable
{
    private readonly Team? _own;

    /// <param name="threads">Threads; 0 for the shared team. No result depends on them.</param>
    internal InferenceTape(int threads)
    {
        _own = threads == 0 ? null : new Team(threads);
        Tape = new Tape(_own ?? Team.Shared, recording: false);
    }

    internal Tape Tape { get; }

    public void Dispose()
    {
        Tape.Dispose();
        _own?.Dispose();
    }
}
