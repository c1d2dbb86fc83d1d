using System.Text.Json;
using Idiolect.Formats;
using Idiolect.Tokenization;

namespace Idiolect.Data;

/// <summary>The languages of a translation, which its model folder names in <c>translation.json</c>.</summary>
/// <param name="From">The source language.</param>
/// <param name="To">The target languages.</param>
public sealed record TranslationLanguages(string From, IReadOnlyList<string> To)
{
    /// <summary>The file inside a model folder.</summary>
    public const string FileName = "translation.json";

    /// <summary>The special token that says, before a source, which language is wanted (Johnson et al. 2017).</summary>
    /// <param name="language">The target language.</param>
    public static string Tag(string language) => $"<|{language}|>";

    /// <summary>Whether a folder holds a translation.</summary>
    /// <param name="folder">The model folder.</param>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>Reads the languages of a model folder.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">It holds no translation.</exception>
    /// <exception cref="InvalidDataException">The file is damaged; the message names the field.</exception>
    public static TranslationLanguages Load(string folder)
    {
        var file = Path.Combine(folder, FileName);
        if (!File.Exists(file))
        {
            throw new FileNotFoundException($"{folder} is no translator: it has no {FileName}. Train one with task translate.", file);
        }
        try
        {
            using var json = JsonDocument.Parse(File.ReadAllText(file));
            string Field(string name) => json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(name, out var value)
                && value.Text() is { } text
                ? text
                : throw new InvalidDataException($"{file}: field {name} is missing or no text.");
            return new TranslationLanguages(Field("from"), Field("to").Split(',', StringSplitOptions.RemoveEmptyEntries));
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{file}: not valid JSON: {exception.Message}", exception);
        }
    }

    /// <summary>Writes the languages into a model folder.</summary>
    /// <param name="folder">The folder, which exists.</param>
    public void Save(string folder)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("from", From);
            json.WriteString("to", string.Join(',', To));
            json.WriteEndObject();
        }
        AtomicFile.Write(Path.Combine(folder, FileName), buffer.ToArray());
    }

    /// <summary>The tokens of a source without the token that ends it: behind the tag of its target language where there are several.</summary>
    /// <param name="tokenizer">The tokenizer of both languages.</param>
    /// <param name="sentence">The source.</param>
    /// <param name="to">The target language, one of <see cref="To"/>.</param>
    public int[] EncodeSource(Tokenizer tokenizer, string sentence, string to)
        => To.Count > 1 ? [tokenizer.SpecialTokens[Tag(to)], .. tokenizer.Encode(sentence)] : tokenizer.Encode(sentence);

    /// <summary>Refuses a tokenizer that cannot serve these languages.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <returns>The token that ends a sequence and begins a target.</returns>
    /// <exception cref="InvalidDataException">It has no such token, or lacks the tag of a language.</exception>
    internal int Mark(Tokenizer tokenizer)
    {
        var mark = tokenizer.BeginningOfTextId
            ?? throw new InvalidDataException("The tokenizer has no token that begins and ends a text, and a translation needs one.");
        return To.Count == 0 || (To.Count > 1 && To.Any(language => !tokenizer.SpecialTokens.ContainsKey(Tag(language))))
            ? throw new InvalidDataException("A translator needs a target language, and of several each needs a special token of its own.")
            : mark;
    }
}
