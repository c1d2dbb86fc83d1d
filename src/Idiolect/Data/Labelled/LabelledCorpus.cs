using System.Security.Cryptography;
using System.Text;

namespace Idiolect.Data;

/// <summary>How <see cref="LabelledCorpus.Load"/> reads and divides a source.</summary>
public sealed record LabelledCorpusOptions
{
    /// <summary>The JSON Lines property that holds the text.</summary>
    public string TextField { get; init; } = "text";

    /// <summary>The JSON Lines property that holds the label: a string, a number, true or false.</summary>
    public string LabelField { get; init; } = "label";

    /// <summary>The share of each label's texts that is held out, above 0 and below 1; of dotnet-docs the share of types.</summary>
    public double ValidationFraction { get; init; } = 0.1;

    /// <summary>The folder that holds <c>packs/</c> for the source <c>dotnet-docs</c>; null finds the running runtime's.</summary>
    public string? DotnetRoot { get; init; }
}

/// <summary>Texts with labels, divided into those to learn from and those to be tested on.</summary>
public sealed class LabelledCorpus
{
    private LabelledCorpus(string name, IReadOnlyList<LabelledText> training, IReadOnlyList<LabelledText> validation)
    {
        (Name, Training, Validation) = (name, training, validation);
        Labels = [.. training.Concat(validation).Select(text => text.Label).Distinct().Order(StringComparer.Ordinal)];
        Hash = ComputeHash(training, validation);
    }

    /// <summary>The name shown to people.</summary>
    public string Name { get; }

    /// <summary>All labels, in ordinal order.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The texts to learn from.</summary>
    public IReadOnlyList<LabelledText> Training { get; }

    /// <summary>The texts held out.</summary>
    public IReadOnlyList<LabelledText> Validation { get; }

    /// <summary>SHA-256 (hexadecimal, lower case) of texts, labels and their division.</summary>
    public string Hash { get; }

    /// <summary>Reads <c>dotnet-docs</c>, whose texts are to be told apart by namespace (see <see cref="NamespaceTexts"/>), or a JSON Lines file.</summary>
    /// <remarks>
    /// A text counts once, with its first label. Of each label with two texts or more some are held out, chosen by a hash of the text, so that the
    /// division depends neither on names nor on order. Of dotnet-docs the types held out are those that pre-training with the same fraction holds
    /// out; with a larger fraction than pre-training had, the model has read some of them.
    /// </remarks>
    /// <param name="source">What to read.</param>
    /// <param name="options">How to read it; null means the defaults.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">The SDK's reference packs are not there.</exception>
    /// <exception cref="InvalidDataException">A line is no object with both fields, or there are fewer than two labels, or none with two texts.</exception>
    public static LabelledCorpus Load(string source, LabelledCorpusOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(source);
        options ??= new LabelledCorpusOptions();
        if (options.ValidationFraction is not (> 0 and < 1))
        {
            throw new ArgumentException($"The validation fraction is {options.ValidationFraction}; give a number above 0 and below 1.", nameof(options));
        }
        if (source == Corpus.DotnetDocs)
        {
            var documents = Corpus.Load(source, new CorpusOptions { ValidationFraction = options.ValidationFraction, DotnetRoot = options.DotnetRoot });
            var (training, validation) = NamespaceTexts.Divide(documents);
            return new LabelledCorpus(source, training, validation);
        }
        var corpus = Divide(source, ReadFile(source, options), options.ValidationFraction);
        return corpus.Labels.Count < 2 ? throw new InvalidDataException($"{source} has one label only, {corpus.Labels[0]}: there is nothing to tell apart.")
            : corpus.Validation.Count == 0 ? throw new InvalidDataException($"{source} has no label with two different texts: none can be held out.")
            : corpus;
    }

    private static LabelledText[] ReadFile(string file, LabelledCorpusOptions options)
    {
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"There is no file {file}: name a .jsonl file of texts with labels, or {Corpus.DotnetDocs}.", file);
        }
        var (texts, labels) = (new List<Document>(), new List<Document>());
        JsonLines.Read(file, options.TextField, texts, "text");
        JsonLines.Read(file, options.LabelField, labels, "label", numbers: true);
        var labelOf = labels.ToDictionary(label => label.Name, label => label.Text);
        // A line's name is its number; one whose text or label is empty says nothing.
        LabelledText[] read = [.. texts.Where(text => labelOf.ContainsKey(text.Name)).Select(text => new LabelledText(text.Text, labelOf[text.Name])).DistinctBy(text => text.Text)];
        return read.Length > 0 ? read : throw new InvalidDataException($"{file} is empty: write one object with \"{options.TextField}\" and \"{options.LabelField}\" a line.");
    }

    private static LabelledCorpus Divide(string name, LabelledText[] texts, double fraction)
    {
        var heldOut = texts.GroupBy(text => text.Label).SelectMany(group =>
        {
            var count = group.Count();
            return group.OrderBy(text => CorpusSplit.Position(text.Text)).ThenBy(text => text.Text, StringComparer.Ordinal)
                .Take(count < 2 ? 0 : Math.Clamp((int)Math.Round(fraction * count), 1, count - 1));
        }).ToHashSet();
        return new LabelledCorpus(name, [.. texts.Where(text => !heldOut.Contains(text))], [.. texts.Where(heldOut.Contains)]);
    }

    private static string ComputeHash(IReadOnlyList<LabelledText> training, IReadOnlyList<LabelledText> validation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var side in new[] { training, validation })
        {
            foreach (var text in side)
            {
                hash.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(text.Text)));
                hash.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(text.Label)));
            }
            hash.AppendData([0]);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
