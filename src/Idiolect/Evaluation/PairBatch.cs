using Idiolect.Data;
using Idiolect.Models;

namespace Idiolect.Evaluation;

/// <summary>The memory of a batch of sentence pairs, filled again and again.</summary>
internal sealed class PairBatch(PairDataset data)
{
    private int[] _source = []; // (count, source time)
    private int[] _sourceLengths = []; // (count)
    private int[] _inputs = []; // (count, target time)
    private int[] _targets = []; // (count, target time)

    /// <summary>The tokens that count, sources and targets together.</summary>
    internal long Tokens { get; private set; }

    /// <summary>The targets that count.</summary>
    internal int TargetTokens { get; private set; }

    /// <summary>The pairs of those numbers, side by side; valid until the next call.</summary>
    internal SequencePairs Fill(ReadOnlySpan<int> pairs)
    {
        var (sourceTime, targetTime) = (0, 0);
        (Tokens, TargetTokens) = (0, 0);
        foreach (var pair in pairs)
        {
            sourceTime = Math.Max(sourceTime, data.Sources[pair].Length);
            targetTime = Math.Max(targetTime, data.Targets[pair].Length + 1);
            Tokens += data.Sources[pair].Length + data.Targets[pair].Length + 1;
            TargetTokens += data.Targets[pair].Length + 1;
        }
        Grow(ref _source, pairs.Length * sourceTime);
        Grow(ref _sourceLengths, pairs.Length);
        Grow(ref _inputs, pairs.Length * targetTime);
        Grow(ref _targets, pairs.Length * targetTime);
        for (var row = 0; row < pairs.Length; row++)
        {
            var (source, target) = (data.Sources[pairs[row]], data.Targets[pairs[row]]);
            Put(source, _source.AsSpan(row * sourceTime, sourceTime), data.Mark);
            _sourceLengths[row] = source.Length;
            var inputs = _inputs.AsSpan(row * targetTime, targetTime);
            inputs[0] = data.Mark;
            Put(target, inputs[1..], data.Mark);
            var targets = _targets.AsSpan(row * targetTime, targetTime);
            Put(target, targets, -1);
            targets[target.Length] = data.Mark;
        }
        return new SequencePairs
        {
            Count = pairs.Length,
            Source = _source.AsSpan(0, pairs.Length * sourceTime),
            SourceLengths = _sourceLengths.AsSpan(0, pairs.Length),
            Inputs = _inputs.AsSpan(0, pairs.Length * targetTime),
            Targets = _targets.AsSpan(0, pairs.Length * targetTime),
        };
    }

    private static void Put(int[] tokens, Span<int> row, int padding)
    {
        tokens.CopyTo(row);
        row[tokens.Length..].Fill(padding);
    }

    private static void Grow(ref int[] array, int length)
    {
        if (array.Length < length)
        {
            array = new int[Math.Max(length, 2 * array.Length)];
        }
    }
}
