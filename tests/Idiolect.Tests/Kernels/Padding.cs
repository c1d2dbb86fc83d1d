namespace Idiolect.Tests.Kernels;

/// <summary>Matrices whose rows lie apart, with something between them that must be neither read nor written.</summary>
internal static class Padding
{
    /// <summary>(lines, length) with <paramref name="padding"/> elements after each line.</summary>
    internal static T[] Insert<T>(T[] values, int lines, int length, int padding, T between)
    {
        var padded = new T[lines * (length + padding)];
        Array.Fill(padded, between);
        for (var line = 0; line < lines; line++)
        {
            values.AsSpan(line * length, length).CopyTo(padded.AsSpan(line * (length + padding)));
        }
        return padded;
    }
}
