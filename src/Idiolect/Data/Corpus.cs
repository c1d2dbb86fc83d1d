using System.Text;

namespace Idiolect.Data;

/// <summary>Documents to train on and documents held out to validate with.</summary>
/// <remarks>
/// Text of up to <see cref="MostBytesInMemory"/> is held in memory. A larger corpus is read from its files again whenever its documents are
/// asked for, and its long documents come in parts (<see cref="Document.IsContinuation"/>); its files must stay as they are meanwhile.
/// </remarks>
public sealed partial class Corpus
{
    /// <summary>The source that stands for the documentation of the machine's own .NET SDK.</summary>
    public const string DotnetDocs = "dotnet-docs";

    /// <summary>The UTF-8 bytes up to which text is held in memory: 16 MiB.</summary>
    public const long MostBytesInMemory = 16L << 20;

    /// <summary>The UTF-8 bytes that a new tokenizer learns from: 64 MiB, spread evenly over larger texts.</summary>
    public const long TokenizerSampleBytes = 64L << 20;

    /// <summary>Makes a corpus of documents that are already divided.</summary>
    /// <param name="name">The name shown to people.</param>
    /// <param name="training">The documents to train on.</param>
    /// <param name="validation">The documents held out; may be empty.</param>
    public Corpus(string name, IReadOnlyCollection<Document> training, IReadOnlyCollection<Document> validation)
    {
        Name = name;
        Training = training;
        Validation = validation;
        TrainingBytes = CountBytes(training);
        ValidationBytes = CountBytes(validation);
        Hash = CorpusHash.Compute(training, validation);
    }

    internal Corpus(string name, IReadOnlyCollection<Document> training, IReadOnlyCollection<Document> validation, (long Training, long Validation) bytes, string hash)
        => (Name, Training, Validation, (TrainingBytes, ValidationBytes), Hash) = (name, training, validation, bytes, hash);

    /// <summary>The name shown to people: <c>dotnet-docs</c> or the path as the user gave it.</summary>
    public string Name { get; }

    /// <summary>The documents to train on, in an order that depends on the source only.</summary>
    public IReadOnlyCollection<Document> Training { get; }

    /// <summary>The documents held out, in an order that depends on the source only.</summary>
    public IReadOnlyCollection<Document> Validation { get; }

    /// <summary>
    /// SHA-256 (hexadecimal, lower case) of the texts, their order and their division; names do not count. The same text has another hash where it
    /// is too large for memory.
    /// </summary>
    public string Hash { get; }

    /// <summary>The size of the training texts in UTF-8.</summary>
    public long TrainingBytes { get; }

    /// <summary>The size of the validation texts in UTF-8.</summary>
    public long ValidationBytes { get; }

    /// <summary>Files that were passed over.</summary>
    public IReadOnlyList<SkippedFile> Skipped { get; internal init; } = [];

    /// <summary>Where what is made of a corpus that is too large for memory is kept; null for one in memory.</summary>
    internal CachedCorpus? Cache { get; init; }

    /// <summary>
    /// Reads <c>dotnet-docs</c>, a file, a folder (all its files of text) or a glob such as <c>src/**/*.cs</c>, and holds a part of it out;
    /// <see cref="TextSource"/> says which kinds of files there are.
    /// </summary>
    /// <remarks>
    /// Documents are held out by a hash of their text, so the division neither depends on names and order nor changes for the old
    /// documents when new ones are added. A source that is one document is cut by position instead: the last tenth is held out.
    /// </remarks>
    /// <param name="source">What to read.</param>
    /// <param name="options">How to read it; null means the defaults.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="FileNotFoundException">There is no such file, or no file matches.</exception>
    /// <exception cref="DirectoryNotFoundException">The SDK's reference packs are not there.</exception>
    /// <exception cref="InvalidDataException">A file is empty, is not UTF-8, or is not what its extension says.</exception>
    public static Corpus Load(
        string source, CorpusOptions? options = null, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
        => Load([new WeightedSource(source)], options, progress, cancellationToken);

    /// <summary>Reads several sources as one corpus, each divided by itself; the documents of one follow those of the other.</summary>
    /// <param name="sources">What to read, and how often.</param>
    /// <param name="options">How to read it; null means the defaults.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="FileNotFoundException">There is no such file, or no file matches.</exception>
    /// <exception cref="DirectoryNotFoundException">The SDK's reference packs are not there.</exception>
    /// <exception cref="InvalidDataException">A file is empty, is not UTF-8, or is not what its extension says.</exception>
    public static Corpus Load(
        IReadOnlyList<WeightedSource> sources, CorpusOptions? options = null, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
        => Load(sources, options ?? new CorpusOptions(), progress, MostBytesInMemory, cancellationToken);

    /// <summary>The training documents that a new tokenizer learns from: all, or of a large corpus about <see cref="TokenizerSampleBytes"/>, spread evenly.</summary>
    public IEnumerable<Document> TokenizerSample()
    {
        var share = (double)TokenizerSampleBytes / TrainingBytes;
        return share >= 1 ? Training : Spread(Training, share);
    }

    private static IEnumerable<Document> Spread(IEnumerable<Document> documents, double share)
    {
        var (due, taken) = (0.0, 0.0);
        foreach (var document in documents)
        {
            due += document.Text.Length * share;
            if (taken < due)
            {
                taken += document.Text.Length;
                yield return document;
            }
        }
    }

    private static long CountBytes(IEnumerable<Document> documents)
        => documents.Sum(document => (long)Encoding.UTF8.GetByteCount(document.Text));
}
