namespace Idiolect.Lab;

/// <summary>What one run of an experiment is given.</summary>
/// <param name="quick">Whether the sizes are cut down to seconds.</param>
/// <param name="seed">The seed of everything random.</param>
/// <param name="advance">Hears how much of the run is done, from 0 to 1.</param>
/// <param name="cancellationToken">Ends the run.</param>
internal sealed class Bench(bool quick, ulong seed, Action<double>? advance = null, CancellationToken cancellationToken = default)
{
    internal bool Quick => quick;

    internal ulong Seed => seed;

    internal CancellationToken CancellationToken => cancellationToken;

    /// <summary>A generator for one purpose: the same seed and purpose give the same numbers.</summary>
    internal Random Random(int purpose = 0) => new(unchecked((int)((seed * 2654435761UL) + ((ulong)purpose * 97))));

    /// <summary>One of two sizes.</summary>
    internal T Size<T>(T full, T small) => quick ? small : full;

    /// <summary>Says how much is done; ends the run if it was cancelled.</summary>
    internal void Advance(double fraction)
    {
        cancellationToken.ThrowIfCancellationRequested();
        advance?.Invoke(fraction);
    }
}
