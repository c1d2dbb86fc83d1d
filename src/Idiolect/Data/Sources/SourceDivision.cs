using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Idiolect.Data;

/// <summary>
/// How a source that is too large for memory divides into a training and a validation side, found in one pass over it: the same division that
/// <see cref="CorpusSplit"/> makes of documents in memory.
/// </summary>
internal sealed record SourceDivision
{
    private const int KeySize = 16; // of a digest: the first half decides the side, the second the share

    /// <summary>SHA-256 of the digests of all documents in their order.</summary>
    public required string Hash { get; init; }

    /// <summary>All documents.</summary>
    public required long Documents { get; init; }

    /// <summary>Of a single document, its characters (code points); else 0.</summary>
    public required long Characters { get; init; }

    /// <summary>Documents whose position is below this are held out; of a single one, the characters from here on.</summary>
    public required double Threshold { get; init; }

    /// <summary>The keys of the documents that come in parts, in their order, since only their ends tell.</summary>
    public required byte[] LongKeys { get; init; }

    /// <summary>Documents to train on, each counted once.</summary>
    public required long TrainingDocuments { get; init; }

    /// <summary>Documents held out.</summary>
    public required long ValidationDocuments { get; init; }

    /// <summary>UTF-8 bytes to train on.</summary>
    public required long TrainingBytes { get; init; }

    /// <summary>UTF-8 bytes held out.</summary>
    public required long ValidationBytes { get; init; }

    /// <summary>Files that were passed over.</summary>
    public IReadOnlyList<SkippedFile> Skipped { get; init; } = [];

    private bool IsSingle => Characters > 0;

    /// <summary>The same, where a single document's sides, or a share of many, are counted by reading them.</summary>
    /// <param name="source">The source.</param>
    /// <param name="weight">How often a training document is read.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    internal SourceDivision Count(TextSource source, double weight, CancellationToken cancellationToken)
    {
        if (!IsSingle && weight == Math.Floor(weight))
        {
            return this with { TrainingDocuments = TrainingDocuments * (long)weight, TrainingBytes = TrainingBytes * (long)weight };
        }
        var training = CountAll(Read(source, heldOut: false, weight), cancellationToken);
        var validation = IsSingle ? CountAll(Read(source, heldOut: true, 1), cancellationToken) : (Documents: ValidationDocuments, Bytes: ValidationBytes);
        return this with
        {
            TrainingDocuments = training.Documents, TrainingBytes = training.Bytes, ValidationDocuments = validation.Documents, ValidationBytes = validation.Bytes,
        };
    }

    /// <summary>Reads all of a source once.</summary>
    /// <param name="source">The source.</param>
    /// <param name="fraction">The share to hold out, in [0, 1).</param>
    /// <param name="progress">Told of every part's bytes.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    internal static SourceDivision Scan(TextSource source, double fraction, Action<long> progress, CancellationToken cancellationToken)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var current = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var longKeys = new ArrayBufferWriter<byte>();
        var below = default(Side);
        var above = default(Side);
        var digest = new byte[SHA256.HashSizeInBytes];
        var (characters, bytesOfDocument) = (0L, 0L);
        foreach (var part in source.ReadParts())
        {
            cancellationToken.ThrowIfCancellationRequested();
            var length = AppendText(current, part.Text);
            bytesOfDocument += length;
            progress(length);
            if (below.Documents + above.Documents == 0)
            {
                characters += CountCharacters(part.Text);
            }
            if (!part.IsLast)
            {
                continue;
            }
            current.GetHashAndReset(digest);
            all.AppendData(digest);
            if (!part.IsFirst)
            {
                longKeys.Write(digest.AsSpan(0, KeySize));
            }
            var position = CorpusSplit.Position(digest);
            if (position < fraction)
            {
                below.Add(position, bytesOfDocument);
            }
            else
            {
                above.Add(position, bytesOfDocument);
            }
            bytesOfDocument = 0;
        }
        var documents = below.Documents + above.Documents;
        var (training, validation, threshold) = Divide(below, above, fraction);
        return new SourceDivision
        {
            Hash = Convert.ToHexStringLower(all.GetHashAndReset()),
            Documents = documents,
            Characters = documents == 1 ? characters : 0,
            Threshold = documents == 1 ? Math.Floor(characters * (1 - fraction)) : threshold,
            LongKeys = longKeys.WrittenSpan.ToArray(),
            TrainingDocuments = training.Documents,
            ValidationDocuments = validation.Documents,
            TrainingBytes = training.Bytes,
            ValidationBytes = validation.Bytes,
        };
    }

    /// <summary>The documents of one side; long ones in parts.</summary>
    /// <param name="source">The source.</param>
    /// <param name="heldOut">Which side.</param>
    /// <param name="weight">How often a training document is read.</param>
    internal IEnumerable<Document> Read(TextSource source, bool heldOut, double weight)
    {
        if (heldOut)
        {
            return IsSingle ? ReadCharacters(source, (long)Threshold, Characters) : ReadSide(source, heldOut: true, share: 1);
        }
        var whole = (int)Math.Floor(weight);
        return Enumerable.Range(0, whole).Select(_ => 1.0).Concat(weight > whole ? [weight - whole] : [])
            .SelectMany(share => IsSingle
                ? ReadCharacters(source, 0, share == 1 ? (long)Threshold : Math.Clamp((long)(Threshold * share), Math.Min(1, (long)Threshold), (long)Threshold))
                : ReadSide(source, heldOut: false, share));
    }

    private static (long Documents, long Bytes) CountAll(IEnumerable<Document> documents, CancellationToken cancellationToken)
    {
        var (count, bytes) = (0L, 0L);
        foreach (var document in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            count += document.IsContinuation ? 0 : 1;
            bytes += Encoding.UTF8.GetByteCount(document.Text);
        }
        return (count, bytes);
    }

    /// <summary>Documents may all fall on one side by chance. Then the nearest changes sides (with equal texts, which stay together).</summary>
    private static (Side Training, Side Validation, double Threshold) Divide(Side below, Side above, double fraction)
        => fraction == 0 ? (above, default, 0)
        : below.Documents == 0 && above.Largest > above.Smallest
            ? (above.Without(above.AtSmallest), above.AtSmallest, Math.BitIncrement(above.Smallest))
        : above.Documents == 0 && below.Largest > below.Smallest
            ? (below.AtLargest, below.Without(below.AtLargest), below.Largest)
        : below.Documents == 0 || above.Documents == 0 ? (below.Documents == 0 ? above : below, default, 0)
        : (above, below, fraction);

    private IEnumerable<Document> ReadSide(TextSource source, bool heldOut, double share)
    {
        var (longDocument, isWanted) = (0, false);
        foreach (var part in source.ReadParts())
        {
            if (part.IsFirst)
            {
                if (!part.IsLast && KeySize * (longDocument + 1) > LongKeys.Length)
                {
                    throw new InvalidDataException($"{part.Name} changed while it was read: it has become longer. Start again.");
                }
                isWanted = part.IsLast ? Wants(SHA256.HashData(Encoding.UTF8.GetBytes(part.Text)), heldOut, share)
                    : Wants(LongKeys.AsSpan(KeySize * longDocument++, KeySize), heldOut, share);
            }
            if (isWanted)
            {
                yield return part.ToDocument();
            }
        }
    }

    private bool Wants(ReadOnlySpan<byte> digest, bool heldOut, double share)
        => CorpusSplit.Position(digest) < Threshold == heldOut && (share == 1 || CorpusSplit.Position(digest[(KeySize / 2)..]) < share);

    private static IEnumerable<Document> ReadCharacters(TextSource source, long start, long end)
    {
        var (position, isFirst) = (0L, true);
        foreach (var part in source.ReadParts())
        {
            var count = CountCharacters(part.Text);
            if (position >= end)
            {
                yield break;
            }
            if (position + count > start)
            {
                var from = Index(part.Text, start - position);
                var to = position + count <= end ? part.Text.Length : Index(part.Text, end - position);
                yield return new Document(part.Name, part.Text[from..to]) { IsContinuation = !isFirst };
                isFirst = false;
            }
            position += count;
        }
    }

    private static long CountCharacters(string text)
    {
        var count = text.Length;
        foreach (var unit in text)
        {
            count -= char.IsLowSurrogate(unit) ? 1 : 0;
        }
        return count;
    }

    private static int Index(string text, long characters)
    {
        var index = 0;
        for (var i = 0L; i < characters; i++)
        {
            index += char.IsHighSurrogate(text[index]) ? 2 : 1;
        }
        return index;
    }

    private static long AppendText(IncrementalHash hash, string text)
    {
        var bytes = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(text.Length));
        var length = Encoding.UTF8.GetBytes(text, bytes);
        hash.AppendData(bytes.AsSpan(0, length));
        ArrayPool<byte>.Shared.Return(bytes);
        return length;
    }

    /// <summary>What lies on one side, and at its ends.</summary>
    private struct Side
    {
        internal long Documents;
        internal long Bytes;
        internal double Smallest;
        internal double Largest;
        private (long Documents, long Bytes) _atSmallest;
        private (long Documents, long Bytes) _atLargest;

        internal readonly Side AtSmallest => new() { Documents = _atSmallest.Documents, Bytes = _atSmallest.Bytes };

        internal readonly Side AtLargest => new() { Documents = _atLargest.Documents, Bytes = _atLargest.Bytes };

        internal void Add(double position, long bytes)
        {
            if (Documents == 0 || position < Smallest)
            {
                (Smallest, _atSmallest) = (position, default);
            }
            if (Documents == 0 || position > Largest)
            {
                (Largest, _atLargest) = (position, default);
            }
            if (position == Smallest)
            {
                _atSmallest = (_atSmallest.Documents + 1, _atSmallest.Bytes + bytes);
            }
            if (position == Largest)
            {
                _atLargest = (_atLargest.Documents + 1, _atLargest.Bytes + bytes);
            }
            Documents++;
            Bytes += bytes;
        }

        internal readonly Side Without(Side part) => new() { Documents = Documents - part.Documents, Bytes = Bytes - part.Bytes };
    }
}
