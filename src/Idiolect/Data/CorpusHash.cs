using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Idiolect.Data;

/// <summary>Identifies texts, their order and their division.</summary>
internal static class CorpusHash
{
    /// <summary>SHA-256 (hexadecimal, lower case) of the sides of a corpus.</summary>
    internal static string Compute(params ReadOnlySpan<IReadOnlyCollection<Document>> sides)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(long)];
        foreach (var side in sides)
        {
            BinaryPrimitives.WriteInt64LittleEndian(number, side.Count);
            hash.AppendData(number);
            foreach (var document in side)
            {
                var bytes = Encoding.UTF8.GetBytes(document.Text);
                BinaryPrimitives.WriteInt64LittleEndian(number, bytes.Length);
                hash.AppendData(number);
                hash.AppendData(bytes);
            }
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
