using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Idiolect.Data;

/// <summary>One source of a corpus while that is made: its documents in memory, or how they divide.</summary>
/// <param name="source">The source and its weight.</param>
/// <param name="options">How it is read and divided.</param>
internal sealed class OpenSource(WeightedSource source, CorpusOptions options)
{
    private readonly TextSource? _text = source.Source == Corpus.DotnetDocs ? null : TextSource.Open(source.Source, options);
    private IReadOnlyList<Document>? _documents;
    private SourceDivision? _division;
    private (IReadOnlyList<Document> Training, IReadOnlyList<Document> Validation)? _divided;

    /// <summary>Whether all of it is to validate on.</summary>
    internal bool IsValidation { get; init; }

    /// <summary>Whether it is text of the user's, which is read in parts; else it is dotnet-docs.</summary>
    internal bool IsText => _text is not null;

    internal double Weight => source.Weight;

    internal IReadOnlyList<SkippedFile> Skipped => _text?.Skipped ?? [];

    internal long TrainingBytes => IsValidation ? 0 : _division?.TrainingBytes ?? Bytes(Sides().Training);

    internal long ValidationBytes => IsValidation ? _division?.TrainingBytes ?? Bytes(Sides().Validation) : _division?.ValidationBytes ?? Bytes(Sides().Validation);

    internal long TrainingDocuments => IsValidation ? 0 : _division?.TrainingDocuments ?? Sides().Training.Count();

    internal long ValidationDocuments => IsValidation ? _division?.TrainingDocuments ?? Sides().Validation.Count() : _division?.ValidationDocuments ?? Sides().Validation.Count();

    /// <summary>What the text is and how it divides.</summary>
    internal string ContentHash => _division is { } division
        ? string.Create(CultureInfo.InvariantCulture, $"{division.Hash} {division.Threshold:R}")
        : CorpusHash.Compute([.. Sides().Training], [.. Sides().Validation]);

    /// <summary>Reads it into memory, if it is no longer than what is left of a budget; dotnet-docs always.</summary>
    internal bool TryRead(ref long budget, CancellationToken cancellationToken)
    {
        if (_text is null)
        {
            _divided = DotnetDocumentation.Load(options);
            return true;
        }
        var documents = new List<Document>();
        foreach (var document in TextPart.Join(Within(_text.ReadParts(), budget)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            budget -= Encoding.UTF8.GetByteCount(document.Text);
            documents.Add(document);
        }
        if (budget < 0)
        {
            return false;
        }
        _documents = documents.Count > 0 ? documents : throw Empty();
        return true;
    }

    /// <summary>Reads it once to find how it divides.</summary>
    internal SourceDivision? Divide(IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        if (_text is null)
        {
            return null;
        }
        var (done, total) = (0L, _text.FileBytes);
        var division = SourceDivision.Scan(
            _text, options.ValidationFraction, bytes => progress?.Report(new DataProgress($"reading {source.Source}", done += bytes, total)), cancellationToken);
        return division.Documents > 0 ? division.Count(_text, source.Weight, cancellationToken) with { Skipped = [.. _text.Skipped] } : throw Empty();
    }

    /// <summary>Takes a division that was found, now or earlier.</summary>
    internal void Use(SourceDivision? division)
    {
        _division = division;
        _documents = null;
        if (division is not null)
        {
            _text?.Skip(division.Skipped);
        }
        else
        {
            _divided ??= DotnetDocumentation.Load(options);
        }
    }

    /// <summary>The documents of both sides.</summary>
    internal (IEnumerable<Document> Training, IEnumerable<Document> Validation) Sides()
    {
        if (_division is { } division)
        {
            var training = division.Read(_text!, heldOut: false, source.Weight);
            return IsValidation ? ([], training) : (training, division.Read(_text!, heldOut: true, weight: 1));
        }
        _divided ??= CorpusSplit.ByContent(_documents!, options.ValidationFraction);
        var weighed = CorpusSplit.Weigh(_divided.Value.Training, source.Weight, _documents is { Count: 1 });
        return IsValidation ? ([], weighed) : (weighed, _divided.Value.Validation);
    }

    internal string Identify() => _text?.Identify()
        ?? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(ContentHash)));

    private InvalidDataException Empty() => new(
        $"{(source.Source == TextSource.StandardInput ? TextEncoding.StandardInputName : source.Source)} is empty: give a file, folder or glob that holds text."
        + (Skipped is [var first, ..] ? $" {Skipped.Count} of its files were passed over, the first because: {first.Name}: {first.Reason}" : ""));

    private static long Bytes(IEnumerable<Document> documents) => documents.Sum(document => (long)Encoding.UTF8.GetByteCount(document.Text));

    /// <summary>The parts up to a limit, and one more, which says that there are more.</summary>
    private static IEnumerable<TextPart> Within(IEnumerable<TextPart> parts, long budget)
    {
        foreach (var part in parts)
        {
            budget -= Encoding.UTF8.GetByteCount(part.Text);
            yield return budget < 0 ? part with { IsLast = true } : part;
            if (budget < 0)
            {
                yield break;
            }
        }
    }
}
