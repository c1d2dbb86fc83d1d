using System.Text;
using System.Text.Json;
using Idiolect.Formats;

namespace Idiolect.Tokenization;

/// <summary>Makes a tokenizer from what a file says and rejects, by name of the field, what it cannot mean.</summary>
internal sealed class TokenizerFileReader(string path)
{
    // Published vocabularies leave a few ids unused. More than this many is damage, or a wish for memory.
    private const int MostUnusedIds = 65_536;

    internal Tokenizer ToTokenizer(TokenizerFile file, string? beginning, string? end)
    {
        var model = file.Model ?? throw Invalid("model", "is missing");
        Require(model.Type is null or "BPE", "model.type", $"is '{model.Type}'; only BPE is supported");
        Require(file.Normalizer is null, "normalizer", $"'{file.Normalizer?.Type}' is not supported; only null is");
        Require(model.Dropout is null or 0, "model.dropout", "is not supported; set it to null");
        Require(!model.ByteFallback, "model.byte_fallback", "is not supported; only byte-level BPE is");
        Require(string.IsNullOrEmpty(model.ContinuingSubwordPrefix), "model.continuing_subword_prefix", "is not supported");
        Require(string.IsNullOrEmpty(model.EndOfWordSuffix), "model.end_of_word_suffix", "is not supported");
        var added = Added(model, file.AddedTokens ?? [], beginning, end) with { PostProcessor = file.PostProcessor };
        if (file.PreTokenizer is { } preTokenizer)
        {
            return IsByteLevel(preTokenizer, useRegex: false)
                ? ToByteTokenizer(model, added)
                : ToBytePairTokenizer(model, added, Style(preTokenizer));
        }
        Require(model.Merges is null or [], "pre_tokenizer", "is missing; byte-level BPE needs one");
        return new CharacterTokenizer(Tokens(model, added, ReadCharacter), added);
    }

    /// <summary>The tokenizer of a vocabulary and merges without a <c>tokenizer.json</c>.</summary>
    internal BytePairTokenizer ToBytePairTokenizer(BytePairModel model, IReadOnlyList<AddedToken> added, PreTokenizer style)
        => ToBytePairTokenizer(model, Added(model, added, null, null), style);

    private BytePairTokenizer ToBytePairTokenizer(BytePairModel model, AddedTokenSet added, PreTokenizer style)
    {
        var tokens = Tokens(model, added, ReadByteLevel);
        var merges = model.Merges ?? throw Invalid("model.merges", "is missing");
        var rules = new MergeRule[merges.Count];
        for (var rank = 0; rank < rules.Length; rank++)
        {
            var (left, right) = merges[rank];
            rules[rank] = new(new(IdOf(left, rank), IdOf(right, rank)), IdOf(left + right, rank));
        }
        return new BytePairTokenizer(style, tokens, rules, added, model.IgnoreMerges);

        int IdOf(string token, int rank)
            => model.Vocab!.TryGetValue(token, out var id) && tokens[id] is not null
                ? id
                : throw Invalid($"model.merges[{rank}]", $"names '{token}', which is no ordinary token of model.vocab");
    }

    private ByteTokenizer ToByteTokenizer(BytePairModel model, AddedTokenSet added)
    {
        var tokens = Tokens(model, added, ReadByteLevel);
        var bytesInOrder = tokens.Length >= 256 && Enumerable.Range(0, 256).All(value => tokens[value] is [var b] && b == value);
        Require(bytesInOrder && tokens.Skip(256).All(token => token is null) && model.Merges is null or [], "pre_tokenizer",
            "has use_regex false, which is supported only for the tokenizer of 256 bytes in order");
        return new ByteTokenizer(added);
    }

    private PreTokenizer Style(TokenizerComponent component)
    {
        if (IsByteLevel(component, useRegex: true))
        {
            return PreTokenizer.Gpt2;
        }
        var regex = component is { Type: "Sequence", Pretokenizers: [{ Type: "Split", Behavior: "Isolated", Invert: not true } split, var last] }
            && IsByteLevel(last, useRegex: false)
            && split.Pattern is { ValueKind: JsonValueKind.Object } pattern
            && pattern.TryGetProperty("Regex", out var value)
                ? value.Text()
                : throw Invalid("pre_tokenizer",
                    $"'{component.Type}' is not supported as it stands; expected ByteLevel, or Split by a regex and then ByteLevel");
        return regex switch
        {
            PreTokenScanner.Gpt2Pattern => PreTokenizer.Gpt2,
            PreTokenScanner.Gpt4Pattern => PreTokenizer.Gpt4,
            _ => throw Invalid("pre_tokenizer", $"has an unknown regex; those of GPT-2 and GPT-4 are supported, found: {regex}"),
        };
    }

    private bool IsByteLevel(TokenizerComponent? component, bool useRegex)
    {
        var found = component is { Type: "ByteLevel" } && (component.UseRegex ?? true) == useRegex;
        Require(!found || component!.AddPrefixSpace is false, "pre_tokenizer.add_prefix_space", "must be false; true is not supported");
        return found;
    }

    /// <summary>The bytes of the ordinary tokens by their ids.</summary>
    private byte[]?[] Tokens(BytePairModel model, AddedTokenSet added, Func<string, byte[]?> read)
    {
        var vocabulary = Vocabulary(model);
        var limit = vocabulary.Count + added.Tokens.Count + MostUnusedIds;
        foreach (var token in added.Tokens)
        {
            Require(token.Id < limit, $"added_tokens '{token.Content}'", $"has id {token.Id}, too great for so few tokens");
        }
        foreach (var (content, id) in vocabulary)
        {
            Require(id >= 0 && id < limit, $"model.vocab '{content}'",
                $"has id {id}; expected 0 or more, and not far beyond the {vocabulary.Count} tokens");
        }
        Require(vocabulary.Count > 0, "model.vocab", "is empty");
        var tokens = new byte[]?[vocabulary.Values.Max() + 1];
        var addedIds = added.Tokens.ToDictionary(token => token.Id, token => token.Content);
        foreach (var (content, id) in vocabulary.Where(entry => addedIds.GetValueOrDefault(entry.Value) != entry.Key))
        {
            Require(tokens[id] is null && !addedIds.ContainsKey(id), $"model.vocab '{content}'", $"has id {id}, which another token has");
            tokens[id] = read(content) ?? throw Invalid($"model.vocab '{content}'", "is not written as the pre_tokenizer demands");
        }
        return tokens;
    }

    private AddedTokenSet Added(BytePairModel model, IReadOnlyList<AddedToken> added, string? beginning, string? end)
    {
        var vocabulary = Vocabulary(model);
        var ids = new Dictionary<string, int>(StringComparer.Ordinal);
        var seen = new HashSet<int>();
        for (var i = 0; i < added.Count; i++)
        {
            var field = $"added_tokens[{i}]";
            var token = added[i] ?? throw Invalid(field, "is null");
            Require(!string.IsNullOrEmpty(token.Content), field, "has no content");
            Require(token.Id >= 0, field, $"has id {token.Id}; expected 0 or more");
            Require(ids.TryAdd(token.Content, token.Id), field, $"'{token.Content}' is there twice");
            Require(seen.Add(token.Id), field, $"has id {token.Id}, which another token has");
            Require(!vocabulary.TryGetValue(token.Content, out var id) || id == token.Id, field,
                $"'{token.Content}' has id {token.Id}, but model.vocab says {id}");
        }
        Require(beginning is null || ids.ContainsKey(beginning), "added_tokens",
            $"lacks '{beginning}', which tokenizer_config.json names as bos_token");
        Require(end is null || ids.ContainsKey(end), "added_tokens",
            $"lacks '{end}', which tokenizer_config.json names as eos_token");
        beginning ??= ids.ContainsKey(Tokenizer.EndOfText) ? Tokenizer.EndOfText : ids.Count == 1 ? ids.Keys.Single() : null;
        return new(added, beginning, end ?? beginning);
    }

    private Dictionary<string, int> Vocabulary(BytePairModel model) => model.Vocab ?? throw Invalid("model.vocab", "is missing");

    private static byte[]? ReadByteLevel(string token) => token.Length > 0 ? ByteLevelAlphabet.TryRead(token) : null;

    private static byte[]? ReadCharacter(string token)
        => Rune.DecodeFromUtf16(token, out _, out var length) == System.Buffers.OperationStatus.Done && length == token.Length
            ? Encoding.UTF8.GetBytes(token)
            : null;

    private void Require(bool condition, string field, string problem)
    {
        if (!condition)
        {
            throw Invalid(field, problem);
        }
    }

    private InvalidDataException Invalid(string field, string problem) => new($"{path}: {field} {problem}.");
}
