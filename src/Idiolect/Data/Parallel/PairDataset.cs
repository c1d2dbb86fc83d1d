using System.Text;

namespace Idiolect.Data;

/// <summary>
/// Sentence pairs as tokens. One token marks every end: a source is its tokens and the mark, a target begins behind the mark
/// and ends with it.
/// </summary>
public sealed class PairDataset
{
    private PairDataset(int[][] sources, int[][] targets, long targetBytes, int mark)
        => (Sources, Targets, TargetBytes, Mark) = (sources, targets, targetBytes, mark);

    /// <summary>The number of pairs.</summary>
    public int Count => Sources.Count;

    /// <summary>The sources, each with the mark at its end.</summary>
    public IReadOnlyList<int[]> Sources { get; }

    /// <summary>The targets, without marks.</summary>
    public IReadOnlyList<int[]> Targets { get; }

    /// <summary>The UTF-8 bytes of the targets.</summary>
    public long TargetBytes { get; }

    /// <summary>The tokens that a model learns to write: all targets and their ends.</summary>
    public long TargetTokens => Targets.Sum(target => target.Length + 1L);

    /// <summary>The token that ends a sequence and begins a target.</summary>
    public int Mark { get; }

    /// <summary>Turns pairs into tokens; pairs of which a side has more tokens than a model takes are left out.</summary>
    /// <param name="pairs">The pairs.</param>
    /// <param name="encodeSource">The tokens of a source, without the mark.</param>
    /// <param name="encodeTarget">The tokens of a target, without marks.</param>
    /// <param name="mark">The token that ends a sequence and begins a target.</param>
    /// <param name="maximumLength">The most tokens of a side, its mark included.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static PairDataset Encode(
        IReadOnlyList<SentencePair> pairs, Func<SentencePair, int[]> encodeSource, Func<SentencePair, int[]> encodeTarget, int mark,
        int maximumLength, CancellationToken cancellationToken = default)
    {
        var encoded = ParallelMap.Run(pairs, pair => (Source: (int[])[.. encodeSource(pair), mark], Target: encodeTarget(pair)), -1, cancellationToken);
        var fitting = Enumerable.Range(0, pairs.Count)
            .Where(i => encoded[i].Source.Length <= maximumLength && encoded[i].Target.Length < maximumLength)
            .ToArray();
        return new PairDataset(
            [.. fitting.Select(i => encoded[i].Source)], [.. fitting.Select(i => encoded[i].Target)],
            fitting.Sum(i => (long)Encoding.UTF8.GetByteCount(pairs[i].Target)), mark);
    }
}
