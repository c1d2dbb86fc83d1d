using System.Text;
using System.Text.Json;
using Idiolect.Formats;

namespace Idiolect.Tokenization;

/// <summary>Makes a tokenizer from what its files say and rejects, by name of the field, what it cannot mean.</summary>
internal sealed class TokenizerFileReader(string path)
{
    // Published vocabularies leave a few ids unused. More than this many is damage, or a wish for memory.
    private const int MostUnusedIds = 65_536;

    // transformers puts the beginning token before a text for these unless the configuration says otherwise.
    private static readonly string[] ClassesThatAddTheBeginning = ["Llama", "CodeLlama", "Gemma", "Cohere"];

    private readonly FieldReader _fields = new(path);

    internal Tokenizer ToTokenizer(TokenizerFile file, TokenizerSettings settings)
    {
        var model = file.Model ?? throw _fields.Invalid("model", "is missing");
        RequireBytePair(model.Type);
        RequireSupported(file, model);
        var added = Added(model, file.AddedTokens ?? [], settings) with { Normalizer = new NormalizerReader(_fields).Read(file.Normalizer) };
        added = WithFrame(added, file.PostProcessor, model, settings);
        if (new PreTokenizerReader(_fields).Read(file.PreTokenizer, settings.AddsPrefixSpace) is { } preTokenizer)
        {
            RequireDecoder(file.Decoder, "ByteLevel");
            return ToByteTokenizer(model, added, preTokenizer) is { } bytes ? bytes : ToBytePairTokenizer(model, added, preTokenizer);
        }
        _fields.Require(!model.ByteFallback, "model.byte_fallback",
            "is true: a BPE over characters, as SentencePiece's of Llama 2 and Mistral 7B, is not supported; only byte-level BPE is");
        _fields.Require(model.Merges is null or [], "pre_tokenizer", "is missing; byte-level BPE needs one");
        RequireDecoder(file.Decoder, "Fuse");
        return new CharacterTokenizer(Tokens(model, added, ReadCharacter), added);
    }

    /// <summary>The tokenizer of a vocabulary and merges without a <c>tokenizer.json</c>: GPT-2's or Qwen's.</summary>
    internal BytePairTokenizer ToBytePairTokenizer(BytePairModel model, IReadOnlyList<AddedToken> added, TokenizerSettings settings)
    {
        var isQwen = settings.TokenizerClass is "Qwen2Tokenizer" or "Qwen2TokenizerFast";
        _fields.Require(isQwen || settings.TokenizerClass is null or "GPT2Tokenizer" or "GPT2TokenizerFast" or "PreTrainedTokenizerFast" or "TokenizersBackend",
            "tokenizer_class", $"of tokenizer_config.json is '{settings.TokenizerClass}', whose rules vocab.json and merges.txt do not say; save a tokenizer.json");
        var normalizer = isQwen ? new TokenizerComponent { Type = "NFC" } : null;
        var set = Added(model, added, settings) with { Normalizer = new NormalizerReader(_fields).Read(normalizer) };
        var preTokenizer = isQwen
            ? TokenizerComponent.Sequence(TokenizerComponent.Split(Gpt4Scanner.QwenPattern), TokenizerComponent.ByteLevel(useRegex: false))
            : TokenizerComponent.ByteLevel(useRegex: true);
        return ToBytePairTokenizer(
            model, WithFrame(set, null, model, settings), new PreTokenizerReader(_fields).Read(preTokenizer, settings.AddsPrefixSpace)!);
    }

    /// <summary>Refuses another kind of model than byte pair encoding, by its name.</summary>
    internal void RequireBytePair(string? type) => _fields.Require(type is null or "BPE", "model.type", $"is '{type}'; only BPE is supported");

    private void RequireSupported(TokenizerFile file, BytePairModel model)
    {
        _fields.Require(file.Version is null or "1.0", "version", $"is '{file.Version}'; only 1.0 is known");
        _fields.RequireNoOthers("", file.Others);
        _fields.RequireNoOthers("model", model.Others);
        _fields.Require(file.Truncation is not { ValueKind: not JsonValueKind.Null }, "truncation", "would cut texts, which is not supported; set it to null");
        _fields.Require(file.Padding is not { ValueKind: not JsonValueKind.Null } padding || PadsNothing(padding), "padding",
            "would add tokens to texts, which is not supported; set it to null");
        _fields.Require(model.Dropout is null or 0, "model.dropout", "is not supported; set it to null");
        _fields.Require(string.IsNullOrEmpty(model.ContinuingSubwordPrefix), "model.continuing_subword_prefix", "is not supported");
        _fields.Require(string.IsNullOrEmpty(model.EndOfWordSuffix), "model.end_of_word_suffix", "is not supported");
    }

    // To the longest of a batch: a text on its own is the longest.
    private static bool PadsNothing(JsonElement padding)
        => padding.ValueKind == JsonValueKind.Object && padding.TryGetProperty("strategy", out var strategy) && strategy.Text() == "BatchLongest"
            && (!padding.TryGetProperty("pad_to_multiple_of", out var multiple) || multiple.ValueKind == JsonValueKind.Null);

    // Bytes of tokens are joined, which is what the decoders of these kinds do; where there is none, nobody said otherwise.
    private void RequireDecoder(TokenizerComponent? decoder, string kind)
    {
        TokenizerComponent[] parts = decoder is null ? []
            : decoder.Type == "Sequence" ? [.. _fields.Components("decoder", decoder, "decoders")] : [decoder];
        foreach (var part in parts)
        {
            _fields.Require(part.Type == kind || part.Type == "Fuse", "decoder", $"'{part.Type}' is not supported for this tokenizer; {kind} is");
        }
        _fields.Require(parts.Length == 0 || parts.Any(part => part.Type == kind), "decoder", $"lacks a {kind}");
    }

    private AddedTokenSet WithFrame(AddedTokenSet added, TokenizerComponent? postProcessor, BytePairModel model, TokenizerSettings settings)
    {
        var ids = added.Tokens.ToDictionary(token => token.Content, token => token.Id, StringComparer.Ordinal);
        var texts = added.Tokens.ToDictionary(token => token.Id, token => token.Content);
        var said = new PostProcessorReader(_fields, model.Vocab!.Values.Concat(texts.Keys).DefaultIfEmpty(-1).Max()).Read(postProcessor);
        var (beginning, end) = (IdOf(added.Beginning), IdOf(added.End));
        var isOurs = PostProcessorWriter.TryTake(said, texts, postProcessor, out var rest);
        added = added with
        {
            PostProcessor = isOurs ? rest : postProcessor,
            PostProcessorFrame = isOurs ? TextFrame.None : said,
            SplitsSpecialTokens = settings.SplitsSpecialTokens,
        };
        if (settings.IsOursOfOld && said.Count == 0)
        {
            return added with { Frame = beginning is { } mark ? new([mark], []) : said, SplitsSpecialTokens = true };
        }
        _fields.Require(settings.AddsBeginning is not true || beginning is not null, "add_bos_token", "of tokenizer_config.json is true, but there is no bos_token");
        _fields.Require(settings.AddsEnd is not true || end is not null, "add_eos_token", "of tokenizer_config.json is true, but there is no eos_token");
        var byClass = settings.Beginning is not null && settings is { AddsBeginning: null, AddsEnd: null, TokenizerClass: { } name }
            && ClassesThatAddTheBeginning.Any(family => name == $"{family}Tokenizer" || name == $"{family}TokenizerFast");
        var frame = new TextFrame(
            With(settings.AddsBeginning ?? (byClass ? true : null), beginning, said.Before), With(settings.AddsEnd ?? (byClass ? false : null), end, said.After));
        return added with { Frame = frame };

        int? IdOf(string? token) => token is not null && ids.TryGetValue(token, out var id) ? id : null;

        // What the configuration says outweighs the post-processor.
        static IReadOnlyList<int> With(bool? adds, int? token, IReadOnlyList<int> said)
            => adds is null ? said : adds.Value ? [token!.Value] : [.. said.Where(id => id != token)];
    }

    private BytePairTokenizer ToBytePairTokenizer(BytePairModel model, AddedTokenSet added, PreTokenizer preTokenizer)
    {
        var tokens = Tokens(model, added, ReadByteLevel);
        var merges = model.Merges ?? throw _fields.Invalid("model.merges", "is missing");
        var rules = new MergeRule[merges.Count];
        for (var rank = 0; rank < rules.Length; rank++)
        {
            var (left, right) = merges[rank];
            rules[rank] = new(new(IdOf(left, rank), IdOf(right, rank)), IdOf(left + right, rank));
        }
        var lacksBytes = tokens.Count(token => token is { Length: 1 }) < 256;
        _fields.Require(!model.ByteFallback || !lacksBytes, "model.byte_fallback", "is not supported where a byte has no token; only byte-level BPE is");
        UnknownToken? unknown = null;
        if (lacksBytes && model.UnkToken is { } content)
        {
            unknown = model.Vocab!.TryGetValue(content, out var id) ? new(content, id, model.FuseUnk)
                : throw _fields.Invalid("model.unk_token", $"is '{content}', which is not in model.vocab");
        }
        return new BytePairTokenizer(preTokenizer, tokens, rules, added, model.IgnoreMerges, unknown);

        int IdOf(string token, int rank)
            => model.Vocab!.TryGetValue(token, out var id) && tokens[id] is not null
                ? id
                : throw _fields.Invalid($"model.merges[{rank}]", $"names '{token}', which is no ordinary token of model.vocab");
    }

    // The tokenizer of 256 bytes in order, or null where it is more than that.
    private ByteTokenizer? ToByteTokenizer(BytePairModel model, AddedTokenSet added, PreTokenizer preTokenizer)
    {
        if (preTokenizer.Steps.Count > 0 || preTokenizer.AddsPrefixSpace || model.Merges is { Count: > 0 } || model.Vocab is not { Count: >= 256 }
            || added.Tokens.Any(token => token.Id < 256))
        {
            return null;
        }
        var tokens = Tokens(model, added, ReadByteLevel);
        return Enumerable.Range(0, 256).All(value => tokens[value] is [var b] && b == value) && tokens.Skip(256).All(token => token is null)
            ? new ByteTokenizer(added)
            : null;
    }

    /// <summary>The bytes of the ordinary tokens by their ids.</summary>
    private byte[]?[] Tokens(BytePairModel model, AddedTokenSet added, Func<string, byte[]?> read)
    {
        var vocabulary = Vocabulary(model);
        var limit = vocabulary.Count + added.Tokens.Count + MostUnusedIds;
        foreach (var token in added.Tokens)
        {
            _fields.Require(token.Id < limit, $"added_tokens '{token.Content}'", $"has id {token.Id}, too great for so few tokens");
        }
        foreach (var (content, id) in vocabulary)
        {
            _fields.Require(id >= 0 && id < limit, $"model.vocab '{content}'",
                $"has id {id}; expected 0 or more, and not far beyond the {vocabulary.Count} tokens");
        }
        _fields.Require(vocabulary.Count > 0, "model.vocab", "is empty");
        var tokens = new byte[]?[vocabulary.Values.Max() + 1];
        var addedIds = added.Tokens.ToDictionary(token => token.Id, token => token.Content);
        foreach (var (content, id) in vocabulary)
        {
            if (addedIds.GetValueOrDefault(id) == content)
            {
                // A single byte must still be found where special tokens are text: published files pad with "!".
                tokens[id] = read(content) is [var value] ? [value] : null;
                continue;
            }
            _fields.Require(tokens[id] is null && !addedIds.ContainsKey(id), $"model.vocab '{content}'", $"has id {id}, which another token has");
            tokens[id] = read(content) ?? throw _fields.Invalid($"model.vocab '{content}'", "is not written as the pre_tokenizer demands");
        }
        return tokens;
    }

    private AddedTokenSet Added(BytePairModel model, IReadOnlyList<AddedToken?> added, TokenizerSettings settings)
        => new AddedTokenReader(_fields, Vocabulary(model)).Read(added, settings);

    private Dictionary<string, int> Vocabulary(BytePairModel model) => model.Vocab ?? throw _fields.Invalid("model.vocab", "is missing");

    private static byte[]? ReadByteLevel(string token) => token.Length > 0 ? ByteLevelAlphabet.TryRead(token) : null;

    private static byte[]? ReadCharacter(string token)
        => Rune.DecodeFromUtf16(token, out _, out var length) == System.Buffers.OperationStatus.Done && length == token.Length
            ? Encoding.UTF8.GetBytes(token)
            : null;
}
