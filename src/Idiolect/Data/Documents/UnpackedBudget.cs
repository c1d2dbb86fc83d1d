namespace Idiolect.Data;

/// <summary>
/// How much all that is packed in one file may become, however it is packed: members that share their bytes, or files packed twice, count
/// together.
/// </summary>
/// <param name="packedBytes">How much of the file was read so far.</param>
/// <param name="file">The file.</param>
internal sealed class UnpackedBudget(Func<long> packedBytes, string file)
{
    /// <summary>Text seldom becomes a tenth; what becomes less than this share of itself is no text but a trap.</summary>
    internal const int MostExpansion = 200;

    /// <summary>Up to here anything may grow.</summary>
    internal const long FreeBytes = 64L << 20;

    private long _unpacked;

    /// <summary>Counts bytes that came out.</summary>
    /// <param name="count">How many.</param>
    /// <param name="name">What they came out of, for the message.</param>
    /// <exception cref="InvalidDataException">They are too many.</exception>
    internal void Spend(int count, string name)
    {
        _unpacked += count;
        var packed = packedBytes();
        if (_unpacked > FreeBytes && _unpacked / MostExpansion > packed)
        {
            throw new InvalidDataException(
                (name == file ? $"{name} unpacks" : $"{name}: all that is read of {file} unpacks")
                + $" to more than {MostExpansion} times its size ({_unpacked >> 20} MiB of {packed} bytes so far): no text does; unpack it yourself if it is one.");
        }
    }
}
