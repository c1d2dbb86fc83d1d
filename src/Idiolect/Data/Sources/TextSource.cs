using System.Security.Cryptography;
using System.Text;
using Idiolect.Formats;

namespace Idiolect.Data;

/// <summary>
/// Text that somebody names by a path: a file, a folder or a glob, of text, Markdown, source code, HTML, JSON Lines, JSON, Parquet, CSV or TSV, also compressed
/// (<c>.gz</c>, <c>.zst</c>) or in archives (<c>.zip</c>, <c>.tar</c>, <c>.tar.gz</c>). It is read document by document, as often as one likes, and never
/// held in memory as a whole.
/// </summary>
public sealed class TextSource
{
    /// <summary>The name that stands for standard input.</summary>
    public const string StandardInput = "-";

    private readonly string[] _files;
    private readonly CorpusOptions _options;
    private readonly List<SkippedFile> _skipped = [];
    private readonly Dictionary<string, bool> _isGood = []; // of the files that were tried, where bad ones are passed over
    private string? _inputHash;

    private TextSource(string name, CorpusOptions options)
    {
        Name = name;
        _options = options;
        _files = name == StandardInput
            ? [options.StandardInput ?? throw new ArgumentException("The source - stands for standard input, and no file holds what came from there.", nameof(options))]
            : SourceFiles.Find(name, _skipped.Add);
    }

    /// <summary>What was named.</summary>
    public string Name { get; }

    /// <summary>What was passed over so far: pipes, sockets, devices and symbolic links in folders, links and archives in archives, and bad files where that is wanted.</summary>
    public IReadOnlyList<SkippedFile> Skipped => _skipped;

    /// <summary>The paths of its files, in the order in which they are read.</summary>
    public IReadOnlyList<string> Files => _files;

    /// <summary>The size of all files as they lie on the disk.</summary>
    public long FileBytes => _files.Sum(file => new FileInfo(file).Length);

    /// <summary>Whether texts of a file are in fields or columns, of which <see cref="CorpusOptions.Field"/> names one; by its extension.</summary>
    /// <param name="file">Its name.</param>
    public static bool HasFields(string file) => DocumentReader.HasFields(file);

    /// <summary>Finds the files; nothing is read yet.</summary>
    /// <param name="source">A path, a folder or a glob, or <see cref="StandardInput"/>.</param>
    /// <param name="options">How to read it; null means the defaults.</param>
    /// <exception cref="FileNotFoundException">There is no such file, or no file matches.</exception>
    /// <exception cref="InvalidDataException">The path is a pipe, a socket or a device.</exception>
    public static TextSource Open(string source, CorpusOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        options ??= new CorpusOptions();
        return options.Encoding is null or CorpusOptions.Latin1
            ? new TextSource(source, options)
            : throw new ArgumentException($"The encoding is \"{options.Encoding}\"; give {CorpusOptions.Latin1}, or none for UTF-8.", nameof(options));
    }

    /// <summary>Reads the documents; long ones come in parts (<see cref="Document.IsContinuation"/>).</summary>
    /// <exception cref="InvalidDataException">A file is not text, or not what its extension says; the message names it.</exception>
    public IEnumerable<Document> Read() => ReadParts().Select(part => part.ToDocument());

    /// <summary>The same, with the ends of documents.</summary>
    internal IEnumerable<TextPart> ReadParts()
    {
        foreach (var file in _files)
        {
            if (_options.SkipBad && !IsGood(file))
            {
                continue;
            }
            foreach (var part in ReadFile(file))
            {
                yield return part;
            }
        }
    }

    /// <summary>Takes over what an earlier reading found, which spares trying each file.</summary>
    internal void Skip(IReadOnlyList<SkippedFile> earlier)
    {
        var bad = earlier.Select(file => file.Name).ToHashSet();
        foreach (var file in _files)
        {
            _isGood[file] = !bad.Contains(file);
        }
        _skipped.AddRange(earlier.Where(file => !_skipped.Contains(file)));
    }

    /// <summary>A hash of what tells whether the text is the same: the files' names, sizes and times.</summary>
    internal string Identify()
    {
        if (Name == StandardInput)
        {
            return _inputHash ??= HashOf(_files[0]); // a copy that nobody else changes
        }
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in _files.Select(file => new FileInfo(file)))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{file.FullName}\n{(file.Exists ? file.Length : -1)}\n{file.LastWriteTimeUtc.Ticks}\n"));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static string HashOf(string file)
    {
        using var stream = File.OpenRead(file);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    private IEnumerable<TextPart> ReadFile(string file)
    {
        FileKind.RequireRegular(file); // it may have become another since it was found
        var name = Name == StandardInput ? TextEncoding.StandardInputName : file;
        return DocumentReader.Read(new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete), name, _options, AddSkipped);
    }

    /// <summary>Notes what was passed over, once however often it is read.</summary>
    private void AddSkipped(SkippedFile skipped)
    {
        lock (_isGood)
        {
            if (!_skipped.Contains(skipped))
            {
                _skipped.Add(skipped);
            }
        }
    }

    /// <summary>Reads a file to its end once, so that one that is bad there gives nothing at all.</summary>
    private bool IsGood(string file)
    {
        lock (_isGood)
        {
            if (_isGood.TryGetValue(file, out var known))
            {
                return known;
            }
            try
            {
                foreach (var _ in ReadFile(file))
                {
                    // Only whether it can be read.
                }
                return _isGood[file] = true;
            }
            catch (Exception exception) when (exception is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                _skipped.Add(new SkippedFile(file, exception.Message));
                return _isGood[file] = false;
            }
        }
    }
}
