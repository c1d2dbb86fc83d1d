using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Idiolect.Tokenization;

/// <summary>Counts the different pieces that a pre-tokeniser cuts documents into, several documents at a time.</summary>
internal sealed class WordCounter(PreTokenizer style, int threads)
{
    private const long CharactersPerReport = 1 << 20;

    private long _characters;

    /// <summary>UTF-16 units counted so far.</summary>
    internal long Characters => Volatile.Read(ref _characters);

    internal Dictionary<string, long> Count(
        IEnumerable<string> documents, Action<long> report, CancellationToken cancellationToken)
    {
        var total = new Dictionary<string, long>(StringComparer.Ordinal);
        var options = new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken };
        try
        {
            Parallel.ForEach(
                documents,
                options,
                () => new Dictionary<string, long>(StringComparer.Ordinal),
                (document, _, counts) =>
                {
                    Count(document, counts);
                    var characters = Interlocked.Add(ref _characters, document.Length);
                    if (characters / CharactersPerReport != (characters - document.Length) / CharactersPerReport)
                    {
                        report(characters);
                    }
                    return counts;
                },
                counts =>
                {
                    lock (total)
                    {
                        foreach (var (word, count) in counts)
                        {
                            CollectionsMarshal.GetValueRefOrAddDefault(total, word, out _) += count;
                        }
                    }
                });
        }
        catch (AggregateException exception)
        {
            // What reading a document threw is what the caller should see.
            ExceptionDispatchInfo.Throw(exception.InnerExceptions[0]);
        }
        return total;
    }

    private void Count(ReadOnlySpan<char> text, Dictionary<string, long> counts)
    {
        var lookup = counts.GetAlternateLookup<ReadOnlySpan<char>>();
        foreach (var piece in style.Pieces(text))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(lookup, piece, out _)++;
        }
    }
}
