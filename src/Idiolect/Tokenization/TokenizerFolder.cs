using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Idiolect.Formats;

namespace Idiolect.Tokenization;

/// <summary>The files of a tokenizer in a Hugging Face folder.</summary>
internal static class TokenizerFolder
{
    private const string TokenizerName = "tokenizer.json";
    private const string ConfigurationName = "tokenizer_config.json";
    private const string VocabularyName = "vocab.json";
    private const string MergesName = "merges.txt";

    // As Hugging Face writes it: "Ġ", not "\u0120".
    private static readonly TokenizerJsonContext WritingContext = new(new JsonSerializerOptions(TokenizerJsonContext.Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });

    internal static void Save(Tokenizer tokenizer, string folder)
    {
        AtomicFile.Write(Path.Combine(folder, TokenizerName), ToJson(tokenizer));
        Write(
            Path.Combine(folder, ConfigurationName),
            new TokenizerConfiguration
            {
                BosToken = Element(tokenizer.Added.Beginning),
                EosToken = Element(tokenizer.Added.End),
                MaskToken = Element(tokenizer.MaskId is null ? null : Tokenizer.Mask),
            },
            WritingContext.TokenizerConfiguration);
    }

    private static JsonElement? Element(string? text)
        => text is null ? null : JsonSerializer.SerializeToElement(text, TokenizerJsonContext.Default.String);

    /// <summary>The bytes of <c>tokenizer.json</c>.</summary>
    internal static byte[] ToJson(Tokenizer tokenizer)
    {
        var file = tokenizer.Describe() ?? throw new NotSupportedException(
            $"A {tokenizer.GetType().Name} does not say how it is saved: its class must override {nameof(Tokenizer.Save)}.");
        AddedToken[] added = [.. tokenizer.Added.Tokens.OrderBy(token => token.Id)];
        var ordinary = file.Model!.Vocab!;
        // Hugging Face's library gives tokens that model.vocab lacks the ids after its greatest, whatever added_tokens says.
        var follow = ordinary.Count > 0 && ordinary.Values.Max() == ordinary.Count - 1 && added.Index().All(token => token.Item.Id == ordinary.Count + token.Index);
        file = file with
        {
            AddedTokens = added,
            PostProcessor = tokenizer.Added.PostProcessor ?? file.PostProcessor,
            Model = follow ? file.Model : file.Model with
            {
                Vocab = ordinary.Concat(added.Select(token => KeyValuePair.Create(token.Content, token.Id))).OrderBy(token => token.Value).ToDictionary(),
            },
        };
        return JsonSerializer.SerializeToUtf8Bytes(file, WritingContext.TokenizerFile);
    }

    internal static Tokenizer Load(string path)
    {
        if (!Directory.Exists(path))
        {
            return LoadTokenizerFile(path);
        }
        if (File.Exists(Path.Combine(path, TokenizerName)))
        {
            return LoadTokenizerFile(Path.Combine(path, TokenizerName));
        }
        return File.Exists(Path.Combine(path, VocabularyName)) && File.Exists(Path.Combine(path, MergesName))
            ? LoadVocabularyAndMerges(path)
            : throw new FileNotFoundException(
                $"'{path}' holds no {TokenizerName} (nor {VocabularyName} with {MergesName}): name a tokenizer's file or folder.",
                Path.Combine(path, TokenizerName));
    }

    private static Tokenizer LoadTokenizerFile(string path)
    {
        var file = Read(path, TokenizerJsonContext.Default.TokenizerFile);
        var configuration = Path.Combine(Path.GetDirectoryName(path) ?? "", ConfigurationName);
        var (beginning, end) = File.Exists(configuration) ? BeginningAndEnd(configuration) : default;
        return new TokenizerFileReader(path).ToTokenizer(file, beginning, end);
    }

    private static BytePairTokenizer LoadVocabularyAndMerges(string folder)
    {
        var vocabulary = Path.Combine(folder, VocabularyName);
        var merges = Path.Combine(folder, MergesName);
        var tokens = Read(vocabulary, TokenizerJsonContext.Default.DictionaryStringInt32);
        var model = new BytePairModel { Vocab = tokens, Merges = ReadMerges(merges) };
        IReadOnlyList<AddedToken> added = tokens.TryGetValue(Tokenizer.EndOfText, out var id)
            ? [new() { Id = id, Content = Tokenizer.EndOfText }]
            : [];
        return new TokenizerFileReader(vocabulary).ToBytePairTokenizer(model, added, PreTokenizer.Gpt2);
    }

    private static List<(string Left, string Right)> ReadMerges(string path)
    {
        var merges = new List<(string, string)>();
        foreach (var line in File.ReadLines(path, Encoding.UTF8))
        {
            if (line.Length == 0 || (merges.Count == 0 && line.StartsWith("#version", StringComparison.Ordinal)))
            {
                continue;
            }
            try
            {
                merges.Add(MergeListConverter.Split(line, merges.Count));
            }
            catch (JsonException exception)
            {
                throw new InvalidDataException($"{path}: {exception.Message}", exception);
            }
        }
        return merges;
    }

    private static (string? Beginning, string? End) BeginningAndEnd(string path)
    {
        var configuration = Read(path, TokenizerJsonContext.Default.TokenizerConfiguration);
        return (Token(configuration.BosToken, "bos_token"), Token(configuration.EosToken, "eos_token"));

        string? Token(JsonElement? element, string field)
            => element is not { ValueKind: not JsonValueKind.Null } token
                ? null
                : (token.ValueKind == JsonValueKind.Object && token.TryGetProperty("content", out var content) ? content : token).Text()
                    ?? throw new InvalidDataException($"{path}: {field}: expected a string, or an object with a string \"content\".");
    }

    private static T Read<T>(string path, JsonTypeInfo<T> type)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"'{path}' does not exist: name a tokenizer's file or folder.", path);
        }
        try
        {
            using var stream = File.OpenRead(path);
            return JsonSerializer.Deserialize(stream, type)
                ?? throw new InvalidDataException($"{path}: expected a JSON object, found null.");
        }
        catch (JsonException exception)
        {
            var message = exception.Message.ReplaceLineEndings(" ");
            var place = exception.Path is null || message.Contains(exception.Path, StringComparison.Ordinal)
                ? ""
                : $" Path: {exception.Path}.";
            throw new InvalidDataException($"{path}: {message}{place}", exception);
        }
    }

    private static void Write<T>(string path, T value, JsonTypeInfo<T> type)
        => AtomicFile.Write(path, stream => JsonSerializer.Serialize(stream, value, type));
}
