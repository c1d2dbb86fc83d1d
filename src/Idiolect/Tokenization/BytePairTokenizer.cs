using System.Buffers;
using System.Text;

namespace Idiolect.Tokenization;

/// <summary>
/// Byte-level byte pair encoding (Sennrich et al. 2016; on bytes, Radford et al. 2019): every text has an encoding, because
/// the smallest tokens are the 256 bytes. Made by <see cref="BytePairTrainer"/> or <see cref="Tokenizer.Load"/>.
/// </summary>
/// <remarks>Encoding takes time in proportion to the text, whatever the text.</remarks>
public sealed class BytePairTokenizer : Tokenizer
{
    // Up to here looking at all pairs for the best is faster than keeping queues of them.
    private const int LongestScannedPiece = 256;

    private readonly int[] _idOfByte = new int[256]; // -1 where a vocabulary lacks the byte
    private readonly IReadOnlyList<MergeRule> _rules;
    private readonly BytePairMerger _merger;
    private readonly Dictionary<string, int>? _wholePieces; // by the byte-level alphabet; null unless merges may be ignored
    private readonly UnknownToken? _unknown; // for bytes that a vocabulary lacks
    private readonly PieceCache _cache = new();

    internal BytePairTokenizer(
        PreTokenizer preTokenizer,
        IReadOnlyList<byte[]?> tokens,
        IReadOnlyList<MergeRule> rules,
        AddedTokenSet added,
        bool ignoreMerges = false,
        UnknownToken? unknown = null)
        : base(tokens, added)
    {
        _unknown = unknown;
        PreTokenizer = preTokenizer;
        _rules = rules;
        _merger = new BytePairMerger(rules);
        _wholePieces = ignoreMerges ? [] : null;
        Array.Fill(_idOfByte, -1);
        for (var id = 0; id < tokens.Count; id++)
        {
            if (tokens[id] is { } bytes)
            {
                if (bytes.Length == 1)
                {
                    _idOfByte[bytes[0]] = id;
                }
                if (IsOrdinary(id))
                {
                    _wholePieces?.TryAdd(ByteLevelAlphabet.Write(bytes), id);
                }
            }
        }
    }

    /// <summary>How text is cut into pieces.</summary>
    public PreTokenizer PreTokenizer { get; }

    /// <inheritdoc/>
    protected override void EncodeOrdinary(ReadOnlySpan<char> text, List<int> output)
    {
        if (PreTokenizer.AddsPrefixSpace && !text.IsEmpty && text[0] != ' ')
        {
            text = string.Concat(" ", text);
        }
        foreach (var piece in PreTokenizer.Pieces(text))
        {
            EncodePiece(piece, output);
        }
    }

    private void EncodePiece(ReadOnlySpan<char> piece, List<int> output)
    {
        if (_cache.TryGet(piece, out var known))
        {
            output.AddRange(known);
            return;
        }
        var longest = Encoding.UTF8.GetMaxByteCount(piece.Length);
        if (longest <= LongestScannedPiece)
        {
            Span<byte> bytes = stackalloc byte[longest];
            Span<int> ids = stackalloc int[longest];
            ids = Merge(piece, bytes, ids);
            output.AddRange(ids);
            _cache.Add(piece, ids);
            return;
        }
        var rentedBytes = ArrayPool<byte>.Shared.Rent(longest);
        var rentedIds = ArrayPool<int>.Shared.Rent(longest);
        output.AddRange(Merge(piece, rentedBytes, rentedIds));
        ArrayPool<byte>.Shared.Return(rentedBytes);
        ArrayPool<int>.Shared.Return(rentedIds);
    }

    // bytes and ids: room for the text's UTF-8; returns the filled start of ids.
    private Span<int> Merge(ReadOnlySpan<char> text, Span<byte> bytes, Span<int> ids)
    {
        bytes = bytes[..Encoding.UTF8.GetBytes(text, bytes)];
        ids = ids[..bytes.Length];
        if (_wholePieces is not null && _wholePieces.TryGetValue(ByteLevelAlphabet.Write(bytes), out var whole))
        {
            ids[0] = whole;
            return ids[..1];
        }
        var count = 0;
        for (var i = 0; i < bytes.Length; i++)
        {
            var id = _idOfByte[bytes[i]];
            if (id < 0 && _unknown is { Fused: true } && i > 0 && _idOfByte[bytes[i - 1]] < 0)
            {
                continue; // one token for all of them
            }
            ids[count++] = id >= 0 ? id : _unknown?.Id ?? throw new ArgumentException(
                $"The tokenizer has no token for the byte 0x{bytes[i]:x2}, which the text contains. "
                + "Remove such characters, or use a tokenizer that has all 256 bytes.", nameof(text));
        }
        ids = ids[..count];
        return ids[..(ids.Length <= LongestScannedPiece ? _merger.MergeByScanning(ids) : _merger.MergeByQueues(ids, out _))];
    }

    internal override TokenizerFile Describe() => new()
    {
        PreTokenizer = PreTokenizerReader.Write(PreTokenizer),
        PostProcessor = TokenizerComponent.ByteLevel(useRegex: true),
        Decoder = TokenizerComponent.ByteLevel(useRegex: true),
        Model = new()
        {
            UnkToken = _unknown?.Content,
            FuseUnk = _unknown?.Fused ?? false,
            IgnoreMerges = _wholePieces is not null,
            Vocab = Enumerable.Range(0, VocabularySize).Where(IsOrdinary)
                .ToDictionary(id => ByteLevelAlphabet.Write(GetBytes(id)), id => id),
            Merges = [.. _rules.Select(rule => (
                ByteLevelAlphabet.Write(GetBytes(rule.Pair.Left)), ByteLevelAlphabet.Write(GetBytes(rule.Pair.Right))))],
        },
    };
}

/// <summary>What stands for bytes that a vocabulary lacks.</summary>
/// <param name="Content">The token.</param>
/// <param name="Id">Its id.</param>
/// <param name="Fused">Whether one stands for all of a row.</param>
internal sealed record UnknownToken(string Content, int Id, bool Fused);
