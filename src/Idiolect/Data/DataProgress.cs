using System.Globalization;

namespace Idiolect.Data;

/// <summary>How far long work on text has come.</summary>
/// <param name="What">What is done, in words.</param>
/// <param name="Bytes">Bytes of text done.</param>
/// <param name="TotalBytes">Bytes in all; 0 where nobody knows yet.</param>
public sealed record DataProgress(string What, long Bytes, long TotalBytes)
{
    /// <summary>In words, such as <c>reading big.txt: 818 of 2,000 MB</c>.</summary>
    public override string ToString() => Bytes == 0 ? What : TotalBytes >= Bytes
        ? string.Create(CultureInfo.InvariantCulture, $"{What}: {Bytes / 1e6:#,0} of {TotalBytes / 1e6:#,0} MB")
        : string.Create(CultureInfo.InvariantCulture, $"{What}: {Bytes / 1e6:#,0} MB");
}
