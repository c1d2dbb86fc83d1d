using System.Text;
using Idiolect.Tokenization;

namespace Idiolect.Data;

/// <summary>How much text a corpus's training side has, and how it becomes tokens.</summary>
public sealed record CorpusStatistics
{
    /// <summary>Documents.</summary>
    public required long Documents { get; init; }

    /// <summary>UTF-8 bytes of all of them.</summary>
    public required long Bytes { get; init; }

    /// <summary>Tokens of all of them, without those that separate documents.</summary>
    public required long Tokens { get; init; }

    /// <summary>Tokens of the shortest document.</summary>
    public required long Shortest { get; init; }

    /// <summary>Tokens of the document in the middle.</summary>
    public required long Median { get; init; }

    /// <summary>Tokens of the longest document.</summary>
    public required long Longest { get; init; }

    /// <summary>The tokens that occur, the most frequent first; of equals the smaller id.</summary>
    public required IReadOnlyList<(int Token, long Count)> MostFrequent { get; init; }

    /// <summary>Bytes that a token stands for on average.</summary>
    public double BytesPerToken => Tokens > 0 ? (double)Bytes / Tokens : double.NaN;

    /// <summary>Reads and encodes all of it; holds a few documents at a time.</summary>
    /// <param name="corpus">The text.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static CorpusStatistics Measure(
        Corpus corpus, Tokenizer tokenizer, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(corpus);
        ArgumentNullException.ThrowIfNull(tokenizer);
        var counts = new long[tokenizer.VocabularySize];
        var documentsOfLength = new SortedDictionary<long, long>();
        var (documents, bytes, tokens, open) = (0L, 0L, 0L, -1L);
        foreach (var (document, ids) in new DocumentEncoder(text => tokenizer.Encode(text), tokenizer.VocabularySize, threads: 0).Encode(corpus.Training, cancellationToken))
        {
            if (!document.IsContinuation)
            {
                Close();
                documents++;
                open = 0;
            }
            foreach (var id in ids)
            {
                counts[id]++;
            }
            open += ids.Length;
            tokens += ids.Length;
            bytes += Encoding.UTF8.GetByteCount(document.Text);
            progress?.Report(new DataProgress("counting tokens", bytes, corpus.TrainingBytes));
        }
        cancellationToken.ThrowIfCancellationRequested();
        Close();
        return new CorpusStatistics
        {
            Documents = documents,
            Bytes = bytes,
            Tokens = tokens,
            Shortest = documentsOfLength.Keys.FirstOrDefault(),
            Median = Median(),
            Longest = documentsOfLength.Keys.LastOrDefault(),
            MostFrequent = [.. counts.Select((count, id) => (id, count)).Where(entry => entry.count > 0).OrderByDescending(entry => entry.count).ThenBy(entry => entry.id)],
        };

        void Close()
        {
            if (open >= 0)
            {
                documentsOfLength[open] = documentsOfLength.GetValueOrDefault(open) + 1;
            }
        }

        long Median()
        {
            var before = 0L;
            foreach (var (length, count) in documentsOfLength)
            {
                before += count;
                if (2 * before >= documents)
                {
                    return length;
                }
            }
            return 0;
        }
    }
}
