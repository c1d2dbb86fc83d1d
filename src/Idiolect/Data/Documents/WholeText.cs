namespace Idiolect.Data;

/// <summary>Reads what cannot be read in parts, up to a limit.</summary>
internal static class WholeText
{
    private const int MostCharacters = 16 << 20;

    /// <summary>All characters of a reader.</summary>
    /// <param name="reader">The characters.</param>
    /// <param name="name">Where they come from.</param>
    /// <param name="kind">What they are, for the message.</param>
    /// <exception cref="InvalidDataException">There are more than 16 Mi of them.</exception>
    internal static string Read(TextReader reader, string name, string kind)
    {
        var text = new System.Text.StringBuilder();
        var block = new char[1 << 14];
        for (int count; (count = reader.Read(block.AsSpan())) > 0;)
        {
            text.Append(block, 0, count);
            if (text.Length > MostCharacters)
            {
                throw new InvalidDataException($"{name} has more than {MostCharacters >> 20} Mi characters in one {kind}, which is read at once: split it.");
            }
        }
        return text.ToString();
    }

    /// <summary>A stream in which places can be looked up: the same, or a copy in a temporary file that goes with it.</summary>
    internal static Stream Seekable(Stream stream)
    {
        if (stream.CanSeek)
        {
            return stream;
        }
        using (stream)
        {
            var copy = new FileStream(
                Path.GetTempFileName(), new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.ReadWrite, Options = FileOptions.DeleteOnClose });
            try
            {
                stream.CopyTo(copy);
                copy.Position = 0;
                return copy;
            }
            catch
            {
                copy.Dispose();
                throw;
            }
        }
    }
}
