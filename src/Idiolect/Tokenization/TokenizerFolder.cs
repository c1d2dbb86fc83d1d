using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
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

    /// <summary>Writes the files.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="folder">The folder, made if need be.</param>
    /// <param name="frame">The tokens around a text on its own.</param>
    internal static void Save(Tokenizer tokenizer, string folder, TextFrame frame)
    {
        AtomicFile.Write(Path.Combine(folder, TokenizerName), ToJson(tokenizer, frame));
        var configuration = new TokenizerConfiguration
        {
            BosToken = tokenizer.Added.Beginning,
            EosToken = tokenizer.Added.End,
            MaskToken = tokenizer.MaskId is null ? null : Tokenizer.Mask,
            AddBosToken = Adds(frame.Before, tokenizer.BeginningOfTextId),
            AddEosToken = Adds(frame.After, tokenizer.EndOfTextId),
            SplitSpecialTokens = tokenizer.Added.SplitsSpecialTokens,
        };
        if (configuration.AddBosToken is null || configuration.AddEosToken is null)
        {
            configuration = configuration with { AddBosToken = null, AddEosToken = null }; // other tokens: the post-processor says which
        }
        AtomicFile.Write(
            Path.Combine(folder, ConfigurationName),
            stream => JsonSerializer.Serialize(stream, configuration, WritingContext.TokenizerConfiguration));

        static bool? Adds(IReadOnlyList<int> side, int? token) => side.Count == 0 ? false : side.Count == 1 && side[0] == token ? true : null;
    }

    /// <summary>The bytes of <c>tokenizer.json</c>.</summary>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="frame">The tokens around a text on its own; null to leave them out, as they decide nothing of a text's own tokens.</param>
    internal static byte[] ToJson(Tokenizer tokenizer, TextFrame? frame = null)
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
            Normalizer = tokenizer.Added.Normalizer?.Component,
            PostProcessor = PostProcessor(tokenizer, file, frame),
            Model = follow ? file.Model : file.Model with
            {
                Vocab = ordinary.Concat(added.Where(token => !ordinary.ContainsKey(token.Content)).Select(token => KeyValuePair.Create(token.Content, token.Id))).OrderBy(token => token.Value).ToDictionary(),
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

    // The file's own where it says what the frame is, or adds nothing, and what we would write otherwise.
    private static TokenizerComponent? PostProcessor(Tokenizer tokenizer, TokenizerFile file, TextFrame? frame)
    {
        var added = tokenizer.Added;
        var addsNothing = added.PostProcessorFrame.Count == 0;
        if (frame is null)
        {
            return (addsNothing || added.PostProcessorFrame.IsLike(added.Frame) ? added.PostProcessor : null) ?? file.PostProcessor;
        }
        if (!addsNothing && added.PostProcessorFrame.IsLike(frame))
        {
            return added.PostProcessor;
        }
        var texts = file.Model!.Vocab!.Select(token => (token.Value, token.Key)).Concat(added.Tokens.Select(token => (token.Id, token.Content)))
            .DistinctBy(token => token.Item1).ToDictionary(token => token.Item1, token => token.Item2);
        var usual = (addsNothing ? added.PostProcessor : null) ?? file.PostProcessor;
        return PostProcessorWriter.Write(frame, id => texts.GetValueOrDefault(id) ?? $"<{id}>", usual); // a template may name an unused id
    }

    private static Tokenizer LoadTokenizerFile(string path)
    {
        var reader = new TokenizerFileReader(path);
        TokenizerFile file;
        try
        {
            file = JsonFile.Read(path, TokenizerJsonContext.Default.TokenizerFile);
        }
        catch (InvalidDataException)
        {
            reader.RequireBytePair(ModelType.Of(path)); // other kinds have vocabularies of other shapes: that is the news
            throw;
        }
        return reader.ToTokenizer(file, TokenizerSettingsReader.Read(Path.GetDirectoryName(path) ?? ""));
    }

    private static BytePairTokenizer LoadVocabularyAndMerges(string folder)
    {
        var vocabulary = Path.Combine(folder, VocabularyName);
        var merges = Path.Combine(folder, MergesName);
        var tokens = JsonFile.Read(vocabulary, TokenizerJsonContext.Default.DictionaryStringInt32);
        var model = new BytePairModel { Vocab = tokens, Merges = ReadMerges(merges) };
        IReadOnlyList<AddedToken> added = tokens.TryGetValue(Tokenizer.EndOfText, out var id)
            ? [new() { Id = id, Content = Tokenizer.EndOfText }]
            : [];
        return new TokenizerFileReader(vocabulary).ToBytePairTokenizer(model, added, TokenizerSettingsReader.Read(folder));
    }

    private static List<(string Left, string Right)> ReadMerges(string path)
    {
        FileKind.RequireRegular(path);
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
}
