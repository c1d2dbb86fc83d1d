using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Idiolect.Data;

/// <summary>Documents to train on and documents held out to validate with.</summary>
/// <remarks>The whole corpus is held in memory as text; one file may have at most 1 GiB.</remarks>
public sealed class Corpus
{
    /// <summary>The source that stands for the documentation of the machine's own .NET SDK.</summary>
    public const string DotnetDocs = "dotnet-docs";

    /// <summary>Makes a corpus of documents that are already divided.</summary>
    /// <param name="name">The name shown to people.</param>
    /// <param name="training">The documents to train on.</param>
    /// <param name="validation">The documents held out; may be empty.</param>
    public Corpus(string name, IReadOnlyList<Document> training, IReadOnlyList<Document> validation)
    {
        Name = name;
        Training = training;
        Validation = validation;
        TrainingBytes = CountBytes(training);
        ValidationBytes = CountBytes(validation);
        Hash = ComputeHash(training, validation);
    }

    /// <summary>The name shown to people: <c>dotnet-docs</c> or the path as the user gave it.</summary>
    public string Name { get; }

    /// <summary>The documents to train on, in an order that depends on the source only.</summary>
    public IReadOnlyList<Document> Training { get; }

    /// <summary>The documents held out, in an order that depends on the source only.</summary>
    public IReadOnlyList<Document> Validation { get; }

    /// <summary>SHA-256 (hexadecimal, lower case) of the texts, their order and their division; names do not count.</summary>
    public string Hash { get; }

    /// <summary>The size of the training texts in UTF-8.</summary>
    public long TrainingBytes { get; }

    /// <summary>The size of the validation texts in UTF-8.</summary>
    public long ValidationBytes { get; }

    /// <summary>
    /// Reads <c>dotnet-docs</c>, a text file, a JSON Lines file (<c>.jsonl</c>, <c>.ndjson</c>), a folder (all its text and JSON
    /// Lines files) or a glob such as <c>src/**/*.cs</c>, and holds a part of it out.
    /// </summary>
    /// <remarks>
    /// Documents are held out by a hash of their text, so the division neither depends on names and order nor changes for the old
    /// documents when new ones are added. A source that is one document is cut by position instead: the last tenth is held out.
    /// </remarks>
    /// <param name="source">What to read.</param>
    /// <param name="options">How to read it; null means the defaults.</param>
    /// <exception cref="FileNotFoundException">There is no such file, or no file matches.</exception>
    /// <exception cref="DirectoryNotFoundException">The SDK's reference packs are not there.</exception>
    /// <exception cref="InvalidDataException">A file is empty, is not UTF-8, or is not what its extension says.</exception>
    public static Corpus Load(string source, CorpusOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        options ??= new CorpusOptions();
        var fraction = options.ValidationFraction;
        if (fraction is not (>= 0 and < 1))
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"The validation fraction is {fraction}; give a number from 0 up to, not including, 1."),
                nameof(options));
        }
        var (training, validation) = source == DotnetDocs
            ? DotnetDocumentation.Load(options)
            : CorpusSplit.ByContent(TextSource.Read(source, options), fraction);
        return new Corpus(source, training, validation);
    }

    private static long CountBytes(IReadOnlyList<Document> documents)
        => documents.Sum(document => (long)Encoding.UTF8.GetByteCount(document.Text));

    private static string ComputeHash(params ReadOnlySpan<IReadOnlyList<Document>> sides)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(long)];
        foreach (var side in sides)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, side.Count);
            hash.AppendData(number);
            foreach (var document in side)
            {
                var bytes = Encoding.UTF8.GetBytes(document.Text);
                BinaryPrimitives.WriteInt64LittleEndian(number, bytes.Length);
                hash.AppendData(number);
                hash.AppendData(bytes);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
