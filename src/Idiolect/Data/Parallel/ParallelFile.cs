namespace Idiolect.Data;

/// <summary>
/// Reads sentence pairs from a file: JSON Lines with one field for each language, or else lines of a sentence, a tab and its
/// translation.
/// </summary>
internal static class ParallelFile
{
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="ArgumentException">Several target languages are wanted of a file whose lines have one.</exception>
    /// <exception cref="InvalidDataException">A line is not what it should be; the message names it.</exception>
    internal static IEnumerable<SentencePair> Read(string file, string from, IReadOnlyList<string> to)
    {
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"There is no file {file}: name a .tsv or .jsonl file of sentence pairs, or {ParallelCorpus.DotnetResources}.", file);
        }
        if (Path.GetExtension(file).ToUpperInvariant() is ".JSONL" or ".NDJSON")
        {
            var sources = new List<Document>();
            JsonLines.Read(file, from, sources, "source language");
            return to.SelectMany(language =>
            {
                var targets = new List<Document>();
                JsonLines.Read(file, language, targets, "target language");
                var translations = targets.ToDictionary(document => document.Name, document => document.Text, StringComparer.Ordinal);
                return sources.Where(document => translations.ContainsKey(document.Name))
                    .Select(document => new SentencePair(document.Text, translations[document.Name], language, document.Name));
            });
        }
        if (to.Count > 1)
        {
            throw new ArgumentException(
                $"{file} has one translation a line; several target languages need {ParallelCorpus.DotnetResources}, or a .jsonl file with a field for each");
        }
        return Utf8Text.Read(file).Split('\n').Index().Where(line => !string.IsNullOrWhiteSpace(line.Item)).Select(line =>
            line.Item.Split('\t') is [var source, var target]
                ? new SentencePair(source, target, to[0], $"{file}:{line.Index + 1}")
                : throw new InvalidDataException(
                    $"{file}, line {line.Index + 1}: expected a sentence, one tab and its translation, found {line.Item.Count(c => c == '\t')} tabs."));
    }
}
