using System.Collections;
using System.Globalization;
using System.Text;
using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>Writes a text anew without what is there twice, what is hardly text, and what a model is to be measured on.</summary>
/// <remarks>
/// A document is dropped where it breaks a rule, holds a part of the held-out text, is a copy of a kept one, or similar to a kept one, tried in this order;
/// so of each group of duplicates the first good one stays. Near duplicates are found by MinHash as Lee et al., "Deduplicating Training Data Makes
/// Language Models Better" (2022) do it. The text is read twice; memory does not grow with it, but for a bit a document: the tables lie in temporary files
/// beside the result, a thousand bytes for each document kept.
/// </remarks>
public static class CorpusCleaner
{
    private const int CharactersPerBatch = 1 << 22;
    private const int DocumentsPerBatch = 1 << 12;

    /// <summary>Cleans documents.</summary>
    /// <param name="documents">The documents; they are enumerated twice and must be the same both times.</param>
    /// <param name="path">
    /// The file to write: <c>.jsonl</c> with one document a line (fields <c>text</c> and <c>source</c>), or <c>.txt</c> with <c>&lt;|endoftext|&gt;</c>
    /// between them. It is replaced; where nothing is kept it is not written.
    /// </param>
    /// <param name="options">What is dropped; null means the defaults.</param>
    /// <param name="totalBytes">The size of the text for <paramref name="progress"/>; 0 where nobody knows.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="cancellationToken">Stops the work; nothing is left behind.</param>
    /// <exception cref="InvalidDataException">There is no text, or it changed meanwhile, or it cannot be written as such a file.</exception>
    /// <exception cref="WriteFailedException">The folder cannot be written, or the disk is full.</exception>
    public static CleaningReport Clean(
        IEnumerable<Document> documents, string path, CleaningOptions? options = null, long totalBytes = 0, IProgress<DataProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(documents);
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new CleaningOptions();
        options.Check();
        CleanTextWriter.Check(path);
        var folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception exception) when (WriteFailedException.Explains(exception))
        {
            throw new WriteFailedException(Path.GetFullPath(path), exception);
        }
        var heldOut = options.HeldOut is { } text ? new HeldOutText(text, cancellationToken) : null;
        using var index = new DuplicateIndex(options.Similarity, folder, cancellationToken: cancellationToken);
        var selection = new Selection(index, options);
        foreach (var batch in Batches(documents, options.GopherRules, heldOut))
        {
            cancellationToken.ThrowIfCancellationRequested();
            ParallelMap.Run(batch, Analyse, cancellationToken: cancellationToken);
            foreach (var work in batch)
            {
                selection.Bytes += work.Texts.Sum(part => (long)Encoding.UTF8.GetByteCount(part));
                work.Texts.Clear();
                if (work.HasEnded)
                {
                    selection.Decide(work.Analysis);
                    work.Analysis.Dispose();
                }
            }
            progress?.Report(new DataProgress("comparing documents", selection.Bytes, totalBytes));
        }
        if (selection.Documents == 0)
        {
            throw new InvalidDataException("There is no text to clean: the source is empty.");
        }
        var written = selection.Kept > 0 ? Write(documents, path, selection, progress, cancellationToken) : 0;
        return selection.Report(written);
    }

    private static bool Analyse(Work work)
    {
        foreach (var text in work.Texts)
        {
            work.Analysis.Add(text);
        }
        if (work.HasEnded)
        {
            work.Analysis.End();
        }
        return true;
    }

    /// <summary>Some documents at a time; a long one goes on in the next batch.</summary>
    private static IEnumerable<List<Work>> Batches(IEnumerable<Document> documents, bool rules, HeldOutText? heldOut)
    {
        var batch = new List<Work>();
        var characters = 0;
        foreach (var document in documents)
        {
            if (!document.IsContinuation && batch.Count > 0)
            {
                batch[^1].HasEnded = true;
            }
            if (characters >= CharactersPerBatch || batch.Count >= DocumentsPerBatch)
            {
                yield return batch;
                batch = batch[^1].HasEnded ? [] : [batch[^1]];
                characters = 0;
            }
            if (!document.IsContinuation)
            {
                batch.Add(new Work(new DocumentAnalysis(document.Name, rules, heldOut)));
            }
            batch[^1].Texts.Add(document.Text);
            characters += document.Text.Length;
        }
        if (batch.Count > 0)
        {
            batch[^1].HasEnded = true;
            yield return batch;
        }
    }

    private static long Write(
        IEnumerable<Document> documents, string path, Selection selection, IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        var (read, written) = (0L, 0L);
        AtomicFile.Write(path, stream =>
        {
            using var writer = new CleanTextWriter(stream, path);
            var (number, characters) = (-1, 0L);
            var reported = 0L;
            foreach (var document in documents)
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (!document.IsContinuation)
                {
                    number++;
                    selection.Name(number, document.Name);
                }
                var bytes = Encoding.UTF8.GetByteCount(document.Text);
                read += bytes;
                characters += document.Text.Length;
                if (selection.Keeps(number))
                {
                    written += bytes;
                    writer.Write(document);
                }
                if (read - reported > CharactersPerBatch)
                {
                    reported = read;
                    progress?.Report(new DataProgress("writing", read, selection.Bytes));
                }
            }
            if (number + 1 != selection.Documents || characters != selection.Characters)
            {
                throw new InvalidDataException("The text changed while it was read: run it again.");
            }
            writer.Finish();
        });
        return written;
    }

    /// <summary>A document, the parts of it that are to be read next, and what is known of it.</summary>
    private sealed class Work(DocumentAnalysis analysis)
    {
        internal DocumentAnalysis Analysis => analysis;

        internal List<string> Texts { get; } = [];

        internal bool HasEnded { get; set; }
    }

    /// <summary>Which documents stay, and what is told of the others.</summary>
    private sealed class Selection(DuplicateIndex index, CleaningOptions options)
    {
        private readonly BitArray _kept = new(1 << 12);
        private readonly Dictionary<DropReason, long> _dropped = [];
        private readonly Dictionary<string, long> _rules = [];
        private readonly List<(DroppedDocument Document, long Original)> _examples = [];
        private readonly Dictionary<long, string> _names = []; // of the documents that examples are duplicates of

        internal int Documents { get; private set; }

        internal long Kept { get; private set; }

        internal long Bytes { get; set; }

        internal long Characters { get; private set; }

        internal bool Keeps(int number) => number < Documents && _kept[number];

        /// <summary>Decides about the next document.</summary>
        internal void Decide(DocumentAnalysis document)
        {
            var number = Documents;
            Documents = checked(Documents + 1);
            Characters += document.Characters;
            if (number == _kept.Length)
            {
                _kept.Length = checked(2 * number);
            }
            if (document.BrokenRule is { } broken)
            {
                _rules[broken.Rule] = _rules.GetValueOrDefault(broken.Rule) + 1;
                Drop(document, DropReason.Filter, $"{broken.Rule}: {broken.Figures}", broken.Rule);
            }
            else if (document.HasHeldOutText)
            {
                Drop(document, DropReason.HeldOut, $"{HeldOutText.RunLength} words in a row, or all of a shorter text, are held out");
            }
            else if (index.Find(document.Digest, document.Signature) is { } found)
            {
                Drop(document, found.IsExact ? DropReason.Exact : DropReason.Near, "", similarity: found.Similarity, original: found.Number);
            }
            else
            {
                index.Add(number, document.Digest, document.Signature);
                _kept[number] = true;
                Kept++;
            }
        }

        /// <summary>Tells the name of a document, in case that an example is its duplicate.</summary>
        internal void Name(int number, string name)
        {
            if (_names.ContainsKey(number))
            {
                _names[number] = name;
            }
        }

        internal CleaningReport Report(long keptBytes) => new()
        {
            Documents = Documents,
            Kept = Kept,
            Bytes = Bytes,
            KeptBytes = keptBytes,
            Dropped = _dropped,
            Rules = [.. _rules.Select(rule => (rule.Key, rule.Value)).OrderByDescending(rule => rule.Value).ThenBy(rule => rule.Key, StringComparer.Ordinal)],
            Examples = [.. _examples.Select(example => example.Original < 0 ? example.Document : example.Document with { Detail = _names[example.Original] })],
        };

        private void Drop(DocumentAnalysis document, DropReason reason, string detail, string rule = "", double similarity = 0, long original = -1)
        {
            _dropped[reason] = _dropped.GetValueOrDefault(reason) + 1;
            if ((rule.Length > 0 ? _rules[rule] : _dropped[reason]) <= options.Examples)
            {
                _examples.Add((new DroppedDocument(document.Name, reason, detail, similarity, document.Beginning), original));
                if (original >= 0)
                {
                    _names[original] = string.Create(CultureInfo.InvariantCulture, $"document {original + 1}");
                }
            }
        }
    }
}
