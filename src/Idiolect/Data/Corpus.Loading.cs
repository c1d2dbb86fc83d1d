using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Idiolect.Data;

// Reads sources: into memory where they fit, and else so that they are read again whenever they are needed.
public sealed partial class Corpus
{
    /// <param name="sources">What to read.</param>
    /// <param name="options">How.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="mostInMemory">The UTF-8 bytes that may be held in memory.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    internal static Corpus Load(
        IReadOnlyList<WeightedSource> sources, CorpusOptions options, IProgress<DataProgress>? progress, long mostInMemory, CancellationToken cancellationToken)
    {
        Check(sources, options);
        // What is given to validate on is all of it; then nothing is held out of the rest.
        var training = options with { ValidationFraction = options.ValidationSource is null ? options.ValidationFraction : 0 };
        List<OpenSource> open = [.. sources.Select(source => new OpenSource(source, training))];
        if (options.ValidationSource is { } other)
        {
            open.Add(new OpenSource(new WeightedSource(other), options with { ValidationFraction = 0 }) { IsValidation = true });
        }
        var name = string.Join(" + ", sources);
        var budget = mostInMemory;
        var corpus = open.All(source => source.TryRead(ref budget, cancellationToken))
            ? InMemory(name, open)
            : Streamed(name, open, options, progress, cancellationToken);
        return corpus.Training.Count > 0 ? corpus
            : throw new InvalidDataException(
                open.Any(source => source.Weight < 1)
                    ? $"Of {name} nothing is left to learn from: a weight below 1 takes a share of the documents, and the text is too short for it. Give a larger weight, or more text."
                    : $"{name} is too short to hold some of it out: nothing is left to learn from. Give more text.");
    }

    private static void Check(IReadOnlyList<WeightedSource> sources, CorpusOptions options)
    {
        ArgumentOutOfRangeException.ThrowIfZero(sources.Count, nameof(sources));
        foreach (var source in sources)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(source.Source, nameof(sources));
        }
        var fraction = options.ValidationFraction;
        if (fraction is not (>= 0 and < 1))
        {
            throw new ArgumentException(
                string.Create(CultureInfo.InvariantCulture, $"The validation fraction is {fraction}; give a number from 0 up to, not including, 1."),
                nameof(options));
        }
    }

    private static Corpus InMemory(string name, List<OpenSource> sources)
        => new(name, [.. sources.SelectMany(source => source.Sides().Training)], [.. sources.SelectMany(source => source.Sides().Validation)])
        {
            Skipped = [.. sources.SelectMany(source => source.Skipped).Distinct()],
        };

    private static Corpus Streamed(
        string name, List<OpenSource> sources, CorpusOptions options, IProgress<DataProgress>? progress, CancellationToken cancellationToken)
    {
        var cache = new TokenCache(options.CacheFolder ?? TokenCache.Default.Folder).Open(Identify(sources, options), name, () => Identify(sources, options));
        var known = cache.ReadDivisions(sources.Count);
        if (known is null || !sources.Zip(known.Sources).All(pair => pair.First.IsText == pair.Second is not null))
        {
            known = new CorpusDivisions { Source = name, Sources = [.. sources.Select(source => source.Divide(progress, cancellationToken))] };
            cache.WriteDivisions(known);
        }
        foreach (var (source, division) in sources.Zip(known.Sources))
        {
            source.Use(division);
        }
        var (trainingBytes, validationBytes) = (sources.Sum(source => source.TrainingBytes), sources.Sum(source => source.ValidationBytes));
        return new Corpus(
            name,
            Collect(sources.Sum(source => source.TrainingDocuments), sources.SelectMany(source => source.Sides().Training)),
            Collect(sources.Sum(source => source.ValidationDocuments), sources.SelectMany(source => source.Sides().Validation)),
            (trainingBytes, validationBytes), HashOf(sources))
        {
            Skipped = [.. sources.SelectMany(source => source.Skipped).Distinct()],
            Cache = cache,
        };
    }

    private static DocumentCollection Collect(long count, IEnumerable<Document> documents) => new((int)Math.Min(int.MaxValue, count), () => documents);

    /// <summary>Which text, and how it is divided, by what its files look like from outside.</summary>
    private static string Identify(List<OpenSource> sources, CorpusOptions options)
    {
        var text = new StringBuilder(string.Create(
            CultureInfo.InvariantCulture,
            $"corpus 1\n{options.Field}\n{options.ValidationFraction:R}\n{options.Separator}\n{options.Encoding}\n{options.SkipBad}\n"));
        foreach (var source in sources)
        {
            text.Append(CultureInfo.InvariantCulture, $"{source.Identify()} {source.Weight:R} {source.IsValidation}\n");
        }
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }

    private static string HashOf(List<OpenSource> sources)
    {
        var text = string.Concat(sources.Select(source => string.Create(
            CultureInfo.InvariantCulture, $"{source.ContentHash} {source.Weight:R} {source.IsValidation}\n")));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }
}
