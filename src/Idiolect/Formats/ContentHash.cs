using System.IO.Hashing;
using System.Security.Cryptography;

namespace Idiolect.Formats;

/// <summary>
/// The hash of a file's content, as it is read: XXH128, which is faster than memory, or the SHA-256 of checkpoints that earlier versions wrote.
/// </summary>
internal sealed class ContentHash : IDisposable
{
    private readonly XxHash128? _fast;
    private readonly IncrementalHash? _earlier;

    internal ContentHash(bool isSha256)
        => (_fast, _earlier) = isSha256 ? ((XxHash128?)null, IncrementalHash.CreateHash(HashAlgorithmName.SHA256)) : (new XxHash128(), null);

    /// <summary>The algorithm.</summary>
    internal string Name => _fast is null ? "SHA-256" : "XXH128";

    internal void Append(ReadOnlySpan<byte> bytes)
    {
        _fast?.Append(bytes);
        _earlier?.AppendData(bytes);
    }

    /// <summary>The hash of all that was appended, in lower-case hexadecimal; begins anew.</summary>
    internal string Finish() => Convert.ToHexStringLower(_fast?.GetHashAndReset() ?? _earlier!.GetHashAndReset());

    public void Dispose() => _earlier?.Dispose();
}
