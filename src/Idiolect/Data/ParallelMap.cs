using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Idiolect.Data;

/// <summary>Maps items on several threads; the result does not depend on their number.</summary>
internal static class ParallelMap
{
    /// <summary>Maps each item. If some fail, the failure of the first of them is thrown, as it is.</summary>
    internal static TResult[] Run<TItem, TResult>(
        IReadOnlyList<TItem> items, Func<TItem, TResult> map, int threads = -1, CancellationToken cancellationToken = default)
    {
        if (items.Count == 0)
        {
            return [];
        }
        var results = new TResult[items.Count];
        var failures = new ConcurrentDictionary<int, Exception>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };

        // Items differ in size, so each thread takes a few at a time rather than a fixed share.
        Parallel.ForEach(Partitioner.Create(0, items.Count, RangeSize(items.Count)), options, (range, state) =>
        {
            for (var i = range.Item1; i < range.Item2 && !state.ShouldExitCurrentIteration; i++)
            {
                try
                {
                    results[i] = map(items[i]);
                }
                catch (Exception exception)
                {
                    failures[i] = exception;
                    state.Stop();
                }
            }
        });
        if (!failures.IsEmpty)
        {
            ExceptionDispatchInfo.Throw(failures.MinBy(failure => failure.Key).Value);
        }
        return results;
    }

    private static int RangeSize(int count) => Math.Max(1, count / 256);
}
