using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Idiolect.Data;

/// <summary>Divides documents into a training and a validation side, as a pure function of what they are.</summary>
internal static class CorpusSplit
{
    /// <summary>Whether what <paramref name="key"/> names is held out: true for the given fraction of all keys.</summary>
    internal static bool IsHeldOut(string key, double fraction) => Position(key) < fraction;

    /// <summary>Divides by a hash of each text; equal texts fall on the same side. One document is cut by position.</summary>
    internal static (IReadOnlyList<Document> Training, IReadOnlyList<Document> Validation) ByContent(
        IReadOnlyList<Document> documents, double fraction)
    {
        if (fraction == 0)
        {
            return (documents, []);
        }
        if (documents.Count == 1)
        {
            return ByPosition(documents[0], fraction);
        }
        var positions = documents.Select(document => Position(document.Text)).ToArray();

        // A few documents may all fall on one side by chance. Then the nearest changes sides (with equal texts, which stay together).
        var smallest = positions.Min();
        var largest = positions.Max();
        if (smallest == largest)
        {
            return (documents, []);
        }
        var threshold = Math.Clamp(fraction, Math.BitIncrement(smallest), largest);
        return (
            [.. documents.Where((_, i) => positions[i] >= threshold)],
            [.. documents.Where((_, i) => positions[i] < threshold)]);
    }

    /// <summary>
    /// Cuts one text as nanoGPT does: of n characters (code points) the first floor(n * (1 - fraction)) are for training.
    /// </summary>
    internal static (IReadOnlyList<Document> Training, IReadOnlyList<Document> Validation) ByPosition(
        Document document, double fraction)
    {
        var text = document.Text;
        var characters = text.Length;
        foreach (var unit in text)
        {
            characters -= char.IsLowSurrogate(unit) ? 1 : 0;
        }
        var wanted = (int)(characters * (1 - fraction));
        var cut = 0;
        for (var character = 0; character < wanted; character++)
        {
            cut += char.IsHighSurrogate(text[cut]) ? 2 : 1;
        }
        return (Part(document, ..cut), Part(document, cut..));
    }

    private static string FirstShare(string text, double share)
    {
        var characters = text.Length - text.Count(char.IsLowSurrogate);
        var cut = 0;
        for (var character = 0L; character < Math.Max(1, (long)(characters * share)); character++)
        {
            cut += char.IsHighSurrogate(text[cut]) ? 2 : 1;
        }
        return text[..cut];
    }

    private static Document[] Part(Document document, Range range)
    {
        var text = document.Text[range];
        return text.Length == 0 ? [] : [document with { Text = text }];
    }

    /// <summary>A number in [0, 1) that the key alone decides.</summary>
    internal static double Position(string key) => Position(SHA256.HashData(Encoding.UTF8.GetBytes(key)));

    /// <summary>The same of a key's digest, or of another part of it.</summary>
    internal static double Position(ReadOnlySpan<byte> digest) => (BinaryPrimitives.ReadUInt64LittleEndian(digest) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Documents as often as a weight says: all of them for each whole, and a share by a hash of the text; of a single one its beginning.</summary>
    /// <param name="documents">The documents to train on.</param>
    /// <param name="weight">How often.</param>
    /// <param name="isSingle">Whether their source is one document.</param>
    internal static IEnumerable<Document> Weigh(IReadOnlyList<Document> documents, double weight, bool isSingle)
    {
        if (weight == 1)
        {
            return documents;
        }
        var whole = (int)Math.Floor(weight);
        var share = weight - whole;
        var part = share == 0 ? []
            : isSingle ? documents.Select(document => document with { Text = FirstShare(document.Text, share) })
            : documents.Where(document => Position(SHA256.HashData(Encoding.UTF8.GetBytes(document.Text)).AsSpan(sizeof(ulong))) < share);
        return Enumerable.Repeat(documents, whole).SelectMany(all => all).Concat(part);
    }
}
