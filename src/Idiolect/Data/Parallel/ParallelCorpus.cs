using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Idiolect.Data;

/// <summary>Sentence pairs to learn a translation from, to watch the training with, and to measure the result on.</summary>
public sealed class ParallelCorpus
{
    /// <summary>The source that stands for the messages of the machine's own .NET SDK.</summary>
    public const string DotnetResources = "dotnet-resources";

    /// <summary>The languages of the SDK's messages.</summary>
    public static IReadOnlyList<string> Languages { get; } = [Data.DotnetResources.Neutral, .. Data.DotnetResources.Cultures];

    private const double ValidationFraction = 0.04;
    private const double TestFraction = 0.08;

    private ParallelCorpus(string name, IReadOnlyList<SentencePair> pairs, ParallelSplit.Side[] sides)
    {
        Name = name;
        Training = Of(ParallelSplit.Side.Training);
        Validation = Of(ParallelSplit.Side.Validation);
        Test = Of(ParallelSplit.Side.Test);
        Hash = ComputeHash(Training, Validation, Test);

        SentencePair[] Of(ParallelSplit.Side side) => [.. pairs.Where((_, pair) => sides[pair] == side)];
    }

    /// <summary>The name shown to people: <c>dotnet-resources</c> or the path as the user gave it.</summary>
    public string Name { get; }

    /// <summary>The pairs to learn from.</summary>
    public IReadOnlyList<SentencePair> Training { get; }

    /// <summary>The pairs whose loss decides which checkpoint is best.</summary>
    public IReadOnlyList<SentencePair> Validation { get; }

    /// <summary>The pairs whose translations are scored in the end.</summary>
    public IReadOnlyList<SentencePair> Test { get; }

    /// <summary>SHA-256 (hexadecimal, lower case) of the texts, their order and their division.</summary>
    public string Hash { get; }

    /// <summary>
    /// Held-out sentences (validation and test, source and target) whose letters stand in the training set in that
    /// language, counted anew from the texts; 0 unless something is broken.
    /// </summary>
    public int Overlap
    {
        get
        {
            SentencePair[] held = [.. Validation, .. Test];
            return ParallelSplit.CountOverlap(held.Select(pair => pair.Source), Training.Select(pair => pair.Source))
                + held.GroupBy(pair => pair.Language).Sum(group => ParallelSplit.CountOverlap(
                    group.Select(pair => pair.Target), Training.Where(pair => pair.Language == group.Key).Select(pair => pair.Target)));
        }
    }

    /// <summary>
    /// Reads <c>dotnet-resources</c> or a file of pairs (tab-separated, or JSON Lines with a field for each language), cleans
    /// it and divides it.
    /// </summary>
    /// <remarks>
    /// White space becomes single spaces. Pairs are dropped that have an empty side, two equal sides, a side without a letter
    /// outside of placeholders, a side that is too long, or that stood before.
    /// </remarks>
    /// <param name="source">What to read.</param>
    /// <param name="options">How to read and divide it.</param>
    /// <exception cref="ArgumentException">An option makes no sense for the source.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">The SDK is not there.</exception>
    /// <exception cref="InvalidDataException">The file is not what its extension says, or has too few pairs to divide.</exception>
    public static ParallelCorpus Load(string source, ParallelCorpusOptions options)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        if (options.To.Count == 0 || options.MaximumCharacters < 1)
        {
            throw new ArgumentException("A translation needs a target language and a positive length.", nameof(options));
        }
        var isSdk = source == DotnetResources;
        if (!isSdk && options.Split == ParallelSplitKind.Assembly)
        {
            throw new ArgumentException($"only {DotnetResources} can be split by assembly");
        }
        var raw = isSdk
            ? Data.DotnetResources.Read(options.From, options.To, options.DotnetRoot)
            : ParallelFile.Read(source, options.From, options.To);
        var pairs = Clean(raw, options.MaximumCharacters);
        var corpus = new ParallelCorpus(
            source, pairs, ParallelSplit.Divide(pairs, options.Split, ValidationFraction, TestFraction));
        return corpus is { Training.Count: > 0, Validation.Count: > 0, Test.Count: > 0 }
            ? corpus
            : throw new InvalidDataException(
                $"{source} has {pairs.Count} different sentence pairs of up to {options.MaximumCharacters} characters: too few to hold some out for validation and test.");
    }

    private static List<SentencePair> Clean(IEnumerable<SentencePair> raw, int maximumCharacters)
    {
        var seen = new HashSet<(string, string, string)>();
        var pairs = new List<SentencePair>();
        foreach (var pair in raw)
        {
            var (source, target) = (SentencePair.Clean(pair.Source), SentencePair.Clean(pair.Target));
            if (source.Length <= maximumCharacters && target.Length <= maximumCharacters && source != target
                && SentencePair.Letters(source).Length > 0 && SentencePair.Letters(target).Length > 0
                && seen.Add((source, target, pair.Language)))
            {
                pairs.Add(pair with { Source = source, Target = target });
            }
        }
        return pairs;
    }

    private static string ComputeHash(params ReadOnlySpan<IReadOnlyList<SentencePair>> sides)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(long)];
        foreach (var side in sides)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, side.Count);
            hash.AppendData(number);
            foreach (var text in side.SelectMany(pair => new[] { pair.Language, pair.Source, pair.Target }))
            {
                var bytes = Encoding.UTF8.GetBytes(text);
                BinaryPrimitives.WriteInt64LittleEndian(number, bytes.Length);
                hash.AppendData(number);
                hash.AppendData(bytes);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}

/// <summary>How <see cref="ParallelCorpus.Load"/> reads and divides a source.</summary>
public sealed record ParallelCorpusOptions
{
    /// <summary>The source language; in a JSON Lines file, the field of the sentence.</summary>
    public string From { get; init; } = "en";

    /// <summary>The target languages; in a JSON Lines file, the fields of the translations; of a tab-separated file, one.</summary>
    public IReadOnlyList<string> To { get; init; } = ["de"];

    /// <summary>Pairs with a longer side are left out.</summary>
    public int MaximumCharacters { get; init; } = 300;

    /// <summary>How the pairs are divided.</summary>
    public ParallelSplitKind Split { get; init; } = ParallelSplitKind.Cluster;

    /// <summary>The folder that holds <c>sdk/</c> for the source <c>dotnet-resources</c>; null finds the running runtime's.</summary>
    public string? DotnetRoot { get; init; }
}
