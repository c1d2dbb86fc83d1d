using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Idiolect.Data;

/// <summary>
/// Finds among earlier texts one that is equal or similar: by a hash of the text, and by bands of its signature, of which similar texts have one in common
/// (locality-sensitive hashing; Leskovec, Rajaraman, Ullman, "Mining of Massive Datasets", 3.4), then by all of the signature.
/// </summary>
/// <remarks>What takes more than some hundred MiB lies in temporary files, about a thousand bytes a text.</remarks>
internal sealed class DuplicateIndex : IDisposable
{
    private const int DigestSize = 16;
    private const int NumberSize = sizeof(long);
    private const int RecordSize = DigestSize + NumberSize + (MinHash.Size * sizeof(ushort)); // digest, number of the text, signature
    private const int SlotSize = sizeof(ulong); // the upper half of a key's hash, and a record's place counted from 1
    private const int MostOfOneKey = 64; // a band that so many different texts have tells nothing

    private readonly double _similarity;
    private readonly int _rows;
    private readonly ushort[] _other = new ushort[MinHash.Size];
    private readonly byte[] _otherDigest = new byte[DigestSize];
    private readonly ulong[] _keys;
    private readonly GrowingFile _records;
    private readonly GrowingFile _slots;
    private long _used;
    private readonly CancellationToken _cancellationToken;
    private uint _count;

    /// <param name="similarity">From which on texts count as near duplicates, above 0.</param>
    /// <param name="folder">Where its temporary files lie.</param>
    /// <param name="texts">For how many texts there is room at first.</param>
    /// <param name="mostInMemory">Bytes up to which each of the two tables has no file.</param>
    /// <param name="cancellationToken">Stops <see cref="Add"/>, which now and then enters all texts anew; the index is of no use then.</param>
    internal DuplicateIndex(
        double similarity, string folder, int texts = 1 << 12, long mostInMemory = 128 << 20, CancellationToken cancellationToken = default)
    {
        _cancellationToken = cancellationToken;
        _similarity = similarity;
        _rows = Rows(similarity);
        _keys = new ulong[1 + (MinHash.Size / _rows)];
        _records = new GrowingFile(folder, (long)texts * RecordSize, mostInMemory);
        try
        {
            _slots = new GrowingFile(folder, SlotSize * (long)System.Numerics.BitOperations.RoundUpToPowerOf2((ulong)(2L * texts * _keys.Length)), mostInMemory);
        }
        catch
        {
            _records.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The longest bands by which a text of the wanted similarity is still found with a probability of 0.8, and so one above it nearly always: with the
    /// usual 0.7, 32 bands of 8 numbers, by which 99.7% are found at 0.8.
    /// </summary>
    internal static int Rows(double similarity)
    {
        var rows = 32;
        while (rows > 1 && 1 - Math.Pow(1 - Math.Pow(similarity, rows), MinHash.Size / rows) < 0.8)
        {
            rows /= 2;
        }
        return rows;
    }

    /// <summary>An earlier text that is equal (similarity 1, exact) or similar; of several the first found; null if there is none.</summary>
    /// <param name="digest">At least 16 bytes of a hash of the text.</param>
    /// <param name="signature">The text's signature; null for one without words, of which only copies are found.</param>
    internal (long Number, double Similarity, bool IsExact)? Find(ReadOnlySpan<byte> digest, ReadOnlySpan<ushort> signature)
    {
        digest = digest[..DigestSize];
        var keys = Keys(digest, signature);
        for (var key = 0; key < keys.Length; key++)
        {
            foreach (var place in Places(keys[key]))
            {
                var record = place * RecordSize;
                if (key == 0)
                {
                    _records.Read(record, _otherDigest.AsSpan());
                    if (digest.SequenceEqual(_otherDigest))
                    {
                        return ((long)_records.Read(record + DigestSize), 1, true);
                    }
                    continue;
                }
                _records.Read(record + DigestSize + NumberSize, _other.AsSpan());
                var similarity = MinHash.Similarity(signature, _other);
                if (similarity >= _similarity)
                {
                    return ((long)_records.Read(record + DigestSize), similarity, false);
                }
            }
        }
        return null;
    }

    /// <summary>Remembers a text.</summary>
    /// <param name="number">By which it is found.</param>
    /// <param name="digest">At least 16 bytes of a hash of the text.</param>
    /// <param name="signature">Its signature; empty for a text without words.</param>
    internal void Add(long number, ReadOnlySpan<byte> digest, ReadOnlySpan<ushort> signature)
    {
        var record = (long)_count * RecordSize;
        if (record + RecordSize > _records.Length)
        {
            _records.Grow(2 * _records.Length, _cancellationToken);
        }
        _records.Write(record, digest[..DigestSize]);
        _records.Write(record + DigestSize, (ulong)number);
        if (!signature.IsEmpty)
        {
            _records.Write(record + DigestSize + NumberSize, signature);
        }
        if (2 * (_used + _keys.Length) > _slots.Length / SlotSize)
        {
            GrowSlots();
        }
        Insert(_count, Keys(digest[..DigestSize], signature));
        _count = checked(_count + 1);
    }

    public void Dispose()
    {
        _slots.Dispose();
        _records.Dispose();
    }

    /// <summary>A hash of the text, then one of each band.</summary>
    private ReadOnlySpan<ulong> Keys(ReadOnlySpan<byte> digest, ReadOnlySpan<ushort> signature)
    {
        _keys[0] = XxHash3.HashToUInt64(digest, seed: -1);
        var count = 1;
        for (var start = 0; start < signature.Length; start += _rows)
        {
            _keys[count++] = XxHash3.HashToUInt64(MemoryMarshal.AsBytes(signature.Slice(start, _rows)), seed: start);
        }
        return _keys.AsSpan(0, count);
    }

    private void Insert(uint place, ReadOnlySpan<ulong> keys)
    {
        var mask = (ulong)(_slots.Length / SlotSize) - 1;
        foreach (var key in keys)
        {
            var (slot, alike) = (key & mask, 0);
            for (ulong entry; (entry = _slots.Read((long)slot * SlotSize)) != 0; slot = (slot + 1) & mask)
            {
                alike += entry >> 32 == key >> 32 ? 1 : 0;
            }
            if (alike < MostOfOneKey)
            {
                _slots.Write((long)slot * SlotSize, (key >> 32 << 32) | (place + 1));
                _used++;
            }
        }
    }

    private IEnumerable<long> Places(ulong key)
    {
        var mask = (ulong)(_slots.Length / SlotSize) - 1;
        for (var slot = key & mask; _slots.Read((long)slot * SlotSize) is not 0 and var entry; slot = (slot + 1) & mask)
        {
            if (entry >> 32 == key >> 32)
            {
                yield return (uint)entry - 1L;
            }
        }
    }

    /// <summary>Makes room for twice as many, and enters all texts anew.</summary>
    private void GrowSlots()
    {
        _slots.GrowEmpty(2 * _slots.Length);
        _used = 0;
        for (uint place = 0; place < _count; place++)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            var record = (long)place * RecordSize;
            _records.Read(record, _otherDigest.AsSpan());
            _records.Read(record + DigestSize + NumberSize, _other.AsSpan());
            Insert(place, Keys(_otherDigest, HasSignature() ? _other : []));
        }
    }

    /// <summary>A text without words left zeros where its signature would be.</summary>
    private bool HasSignature() => _other.AsSpan().ContainsAnyExcept((ushort)0);
}
