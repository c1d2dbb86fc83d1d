using System.Buffers;
using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace Idiolect.Tokenization;

/// <summary>
/// Turns text into token ids and back. Reads and writes Hugging Face's <c>tokenizer.json</c>. Immutable and thread-safe.
/// </summary>
/// <remarks>
/// <para>Lone surrogates in a text become U+FFFD, as in any conversion to UTF-8.</para>
/// <para>
/// For a tokenizer of your own, derive a class: its constructor says what bytes each token stands for, <see cref="EncodeOrdinary"/> which
/// tokens a text is. Special tokens, decoding and streams are this class's work. To save models with it, override <see cref="Save"/>; to load
/// them, make the tokenizer and give it to <see cref="Generation.LanguageModel.Load(string, Tokenizer)"/>.
/// </para>
/// </remarks>
public abstract class Tokenizer
{
    /// <summary>The token that separates documents unless another is named: it both begins and ends a text.</summary>
    public const string EndOfText = "<|endoftext|>";

    /// <summary>The token that stands in the place of a masked one, as BERT calls it.</summary>
    public const string Mask = "[MASK]";

    private readonly byte[]?[] _bytes;
    private readonly FrozenDictionary<string, int> _specialTokens;
    private readonly FrozenSet<int> _specialIds;
    private readonly FrozenSet<int> _addedIds;
    private readonly AddedTokenSearch _rawTokens; // searched in a text as it is
    private readonly AddedTokenSearch _normalizedTokens; // searched between those, in the normalised text
    private readonly bool _hasOrdinaryAdded; // tokens that are found in every text

    /// <summary>Begins a tokenizer of one's own.</summary>
    /// <param name="tokens">
    /// The bytes that each token stands for, by its id; null where an id is unused. A text is the bytes of its tokens, one after the
    /// other, so that a token may hold a part of a character.
    /// </param>
    /// <param name="specialTokens">Special tokens, which take the ids behind; the first begins and ends a text. Null for none.</param>
    /// <exception cref="ArgumentException">A token has no bytes, or a special token is empty, there twice, or an ordinary token.</exception>
    protected Tokenizer(IReadOnlyList<byte[]?> tokens, IReadOnlyList<string>? specialTokens = null)
        : this(Copy(tokens), AddedTokenSet.From(specialTokens ?? [], [.. tokens.OfType<byte[]>().Select(Encoding.UTF8.GetString)], tokens.Count))
    {
    }

    /// <param name="tokens">The bytes of each ordinary token by its id; null where an id is special or unused.</param>
    /// <param name="added">The tokens beside them, whose ids may lie past <paramref name="tokens"/>.</param>
    private protected Tokenizer(IReadOnlyList<byte[]?> tokens, AddedTokenSet added)
    {
        Added = added;
        _specialTokens = added.Tokens.Where(token => token.Special).ToFrozenDictionary(token => token.Content, token => token.Id, StringComparer.Ordinal);
        _specialIds = _specialTokens.Values.ToFrozenSet();
        _addedIds = added.Tokens.Select(token => token.Id).ToFrozenSet();
        _rawTokens = new(added.Tokens.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        _normalizedTokens = new(added.Tokens.Where(token => token.Normalized).Select(token => (added.Normalizer?.Apply(token.Content) ?? token.Content, token)));
        _hasOrdinaryAdded = added.Tokens.Any(token => !token.Special);
        _bytes = new byte[]?[Math.Max(tokens.Count, _addedIds.DefaultIfEmpty(-1).Max() + 1)];
        for (var id = 0; id < tokens.Count; id++)
        {
            _bytes[id] = tokens[id];
        }
        foreach (var token in added.Tokens)
        {
            _bytes[token.Id] = Encoding.UTF8.GetBytes(token.Content);
        }
        BeginningOfTextId = IdOf(added.Beginning);
        EndOfTextId = IdOf(added.End);

        int? IdOf(string? content) => content is null ? null : added.Tokens.First(token => token.Content == content).Id;
    }

    /// <summary>The number of rows that a model's embedding needs: the greatest id and one.</summary>
    public int VocabularySize => _bytes.Length;

    /// <summary>The special token that begins a text and separates documents, or null where there is none.</summary>
    public int? BeginningOfTextId { get; }

    /// <summary>
    /// The special token with which a model ends a text, or null where there is none. That of <see cref="BeginningOfTextId"/>
    /// but in files of others that say so.
    /// </summary>
    public int? EndOfTextId { get; }

    /// <summary>The special token <see cref="Mask"/>, or null where there is none.</summary>
    public int? MaskId => _specialTokens.TryGetValue(Mask, out var id) ? id : null;

    /// <summary>Special tokens by their text.</summary>
    public IReadOnlyDictionary<string, int> SpecialTokens => _specialTokens;

    /// <summary>All tokens that are not of the model's own vocabulary, the special ones among them.</summary>
    internal AddedTokenSet Added { get; }

    /// <summary>Encodes a text.</summary>
    /// <param name="text">The text.</param>
    /// <param name="allowSpecial">
    /// Whether special tokens written in the text become their ids. False, the default, is right for text from elsewhere: it
    /// cannot then smuggle a control token in.
    /// </param>
    /// <exception cref="ArgumentException">The tokenizer has no token for a character of the text.</exception>
    public int[] Encode(string text, bool allowSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        var output = new List<int>((text.Length / 3) + 1);
        Encode(text, output, allowSpecial);
        return [.. output];
    }

    /// <summary>Encodes a text and appends its ids to <paramref name="output"/>.</summary>
    /// <param name="text">The text.</param>
    /// <param name="output">Receives the ids.</param>
    /// <param name="allowSpecial">Whether special tokens written in the text become their ids.</param>
    /// <exception cref="ArgumentException">The tokenizer has no token for a character of the text.</exception>
    public void Encode(ReadOnlySpan<char> text, List<int> output, bool allowSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (!allowSpecial && !_hasOrdinaryAdded)
        {
            EncodeNormalized(text, output);
            return;
        }
        var pieces = new AddedTokenPieces(_rawTokens, text, allowSpecial);
        while (pieces.MoveNext())
        {
            EncodeBetween(pieces.Before, output, allowSpecial);
            if (pieces.Token is { } token)
            {
                output.Add(token.Id);
            }
        }
    }

    /// <summary>
    /// Encodes a text on its own, such as a prompt, as Hugging Face's libraries do: with the tokens that the tokenizer puts around it, as the
    /// post-processor of <c>tokenizer.json</c> and add_bos_token and add_eos_token of <c>tokenizer_config.json</c> say.
    /// </summary>
    /// <remarks>A tokenizer that was not loaded puts the token before it that begins a text.</remarks>
    /// <param name="text">The text.</param>
    /// <param name="allowSpecial">Whether special tokens written in the text become their ids.</param>
    /// <exception cref="ArgumentException">The tokenizer has no token for a character of the text.</exception>
    public int[] EncodeWithSpecialTokens(string text, bool allowSpecial = false) => [.. Added.Frame.Before, .. Encode(text, allowSpecial), .. Added.Frame.After];

    /// <summary>
    /// The text of the tokens; a special token gives the text that it is written as. Bytes that are not UTF-8 become U+FFFD.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The tokenizer has no such token.</exception>
    public string Decode(ReadOnlySpan<int> ids)
    {
        var bytes = new ArrayBufferWriter<byte>((ids.Length * 4) + 1);
        foreach (var id in ids)
        {
            bytes.Write(GetBytes(id));
        }
        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>How many bytes of UTF-8 text the token stands for; 0 for a special token.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The tokenizer has no token <paramref name="id"/>.</exception>
    public int GetByteCount(int id) => _specialIds.Contains(id) ? 0 : GetBytes(id).Length;

    /// <summary>Begins to decode a stream of tokens.</summary>
    public StreamingDecoder CreateDecoder() => new(this);

    /// <summary>
    /// Writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c>, which Hugging Face's libraries load; creates the folder. A tokenizer of
    /// one's own overrides this with what its own class can load, in files of other names.
    /// </summary>
    /// <param name="folder">The folder; a model's files lie there too.</param>
    /// <exception cref="Formats.WriteFailedException">The folder cannot be written, or the disk is full.</exception>
    /// <exception cref="NotSupportedException">The tokenizer is one's own, and its class does not override this method.</exception>
    public virtual void Save(string folder)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(folder);
        TokenizerFolder.Save(this, folder, Added.Frame);
    }

    /// <summary>The same for a model that wants tokens around a text that the tokenizer does not put there by itself.</summary>
    internal void SaveFramed(string folder, TextFrame frame)
    {
        if (Describe() is null)
        {
            Save(folder); // one of a user's own
            return;
        }
        TokenizerFolder.Save(this, folder, frame);
    }

    /// <summary>
    /// Loads a <c>tokenizer.json</c>, or the one in a folder; where a folder has none, GPT-2's <c>vocab.json</c> and
    /// <c>merges.txt</c>.
    /// </summary>
    /// <remarks>
    /// <para>
    /// Byte-level BPE with the pre-tokenisers of GPT-2, GPT-4, GPT-4o, Llama 3, Qwen, SmolLM, Tekken and DeepSeek V3, and what
    /// <see cref="Save"/> wrote. What the files say about ids is done as Hugging Face's libraries do it, or refused by its name.
    /// </para>
    /// <para>
    /// <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> beside the file have their say about special tokens, as in
    /// transformers. What decides no ids, such as chat templates and clean_up_tokenization_spaces, is not heeded.
    /// </para>
    /// </remarks>
    /// <exception cref="FileNotFoundException">There is no such file, or none in the folder.</exception>
    /// <exception cref="InvalidDataException">The file is damaged or describes another kind of tokenizer.</exception>
    public static Tokenizer Load(string path)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return TokenizerFolder.Load(path);
    }

    /// <summary>Encodes text in which special tokens mean nothing. Called by several threads at once.</summary>
    /// <param name="text">A part of a text, perhaps empty.</param>
    /// <param name="output">Receives the ids, behind those that it holds.</param>
    /// <exception cref="ArgumentException">The tokenizer has no token for a character of the text.</exception>
    protected abstract void EncodeOrdinary(ReadOnlySpan<char> text, List<int> output);

    /// <summary>
    /// A hash of all that decides how text becomes tokens, in hexadecimal digits: a run remembers it, and goes on with the same tokenizer only.
    /// </summary>
    /// <remarks>
    /// That of a tokenizer of one's own is the hash of its class's name and its tokens. Override it where there is more to know, such as rules of merging.
    /// </remarks>
    public virtual string Hash => Convert.ToHexStringLower(SHA256.HashData(Describe() is null ? Vocabulary() : ToJson()));

    /// <summary>What <c>tokenizer.json</c> says about this tokenizer, its added tokens excepted; null where it cannot say it.</summary>
    internal virtual TokenizerFile? Describe() => null;

    /// <summary>The bytes of <c>tokenizer.json</c> without what stands around a text: all that decides how text becomes tokens.</summary>
    internal byte[] ToJson() => TokenizerFolder.ToJson(this);

    /// <summary><see cref="GetByteCount"/> of every id below <see cref="VocabularySize"/>; 0 for the ids that no token uses.</summary>
    internal int[] ByteCounts() => [.. _bytes.Select((bytes, id) => bytes is null || _specialIds.Contains(id) ? 0 : bytes.Length)];

    /// <summary>Whether an id belongs to a token: a vocabulary may have gaps, and a model more rows than the tokenizer ids.</summary>
    /// <param name="id">The id.</param>
    public bool Knows(int id) => (uint)id < (uint)_bytes.Length && _bytes[id] is not null;

    /// <summary>The bytes that a token stands for, perhaps a part of a character; of a special one those of the text that it is written as.</summary>
    /// <param name="id">The token.</param>
    /// <exception cref="ArgumentOutOfRangeException">The tokenizer has no token <paramref name="id"/>.</exception>
    public ReadOnlySpan<byte> GetBytes(int id)
        => Knows(id)
            ? _bytes[id]
            : throw new ArgumentOutOfRangeException(nameof(id), $"The tokenizer has no token {id}: its vocabulary has {VocabularySize} ids.");

    /// <summary>Whether an id belongs to an ordinary token.</summary>
    private protected bool IsOrdinary(int id) => _bytes[id] is not null && !_addedIds.Contains(id);

    // What lies between two added tokens: normalised, and searched for the added tokens that are normalised too.
    private void EncodeBetween(ReadOnlySpan<char> text, List<int> output, bool allowSpecial)
    {
        if (text.IsEmpty)
        {
            return;
        }
        var normalized = Added.Normalizer is { } normalizer ? normalizer.Apply(text.ToString()) : text;
        var pieces = new AddedTokenPieces(_normalizedTokens, normalized, allowSpecial);
        while (pieces.MoveNext())
        {
            EncodeOrdinary(pieces.Before, output);
            if (pieces.Token is { } token)
            {
                output.Add(token.Id);
            }
        }
    }

    private void EncodeNormalized(ReadOnlySpan<char> text, List<int> output)
        => EncodeOrdinary(Added.Normalizer is { } normalizer ? normalizer.Apply(text.ToString()) : text, output);

    private static byte[]?[] Copy(IReadOnlyList<byte[]?> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        return tokens.Any(bytes => bytes is { Length: 0 })
            ? throw new ArgumentException("A token has no bytes; an id without a token is null.", nameof(tokens))
            : [.. tokens.Select(bytes => (byte[]?)bytes?.Clone())];
    }

    /// <summary>The class's name, and each id's bytes with their length before them, -1 for none.</summary>
    private byte[] Vocabulary()
    {
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8))
        {
            writer.Write(GetType().FullName ?? "");
            for (var id = 0; id < _bytes.Length; id++)
            {
                writer.Write(_bytes[id]?.Length ?? -1);
                writer.Write(_bytes[id] ?? []);
                writer.Write(_specialIds.Contains(id));
            }
        }
        return stream.ToArray();
    }
}
