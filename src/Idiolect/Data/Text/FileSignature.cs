namespace Idiolect.Data;

/// <summary>Knows files by their first bytes, to say what somebody has given instead of text.</summary>
internal static class FileSignature
{
    private static readonly (byte[] Start, string What)[] Known =
    [
        ([.. "PK\x03\x04"u8], "a zip archive (a .docx, .xlsx, .odt or .epub is one, too): give it the extension .zip if text files are in it, or save its text"),
        ([.. "%PDF-"u8], "a PDF: save its text first, such as by pdftotext"),
        ([0x1F, 0x8B], "compressed by gzip: give it the extension .gz"),
        ([0x28, 0xB5, 0x2F, 0xFD], "compressed by Zstandard: give it the extension .zst"),
        ([0xFD, .. "7zXZ\0"u8], "compressed by xz: unpack it first (xz -d)"),
        ([.. "BZh"u8], "compressed by bzip2: unpack it first (bzip2 -d)"),
        ([0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C], "a 7-Zip archive: unpack it first"),
        ([.. "Rar!"u8], "a RAR archive: unpack it first"),
        ([.. "PAR1"u8], "a Parquet file: give it the extension .parquet"),
        ([0x89, .. "PNG\r\n"u8], "a PNG picture, no text"),
        ([0xFF, 0xD8, 0xFF], "a JPEG picture, no text"),
        ([.. "GIF8"u8], "a GIF picture, no text"),
        ([.. "RIFF"u8], "a sound, film or picture (RIFF), no text"),
        ([.. "OggS"u8], "a sound (Ogg), no text"),
        ([.. "ID3"u8], "a sound (MP3), no text"),
        ([0x7F, .. "ELF"u8], "a program, no text"),
        ([.. "SQLite format 3\0"u8], "an SQLite database: export its texts first"),
        ([.. "GGUF"u8], "a GGUF model, no text"),
        ([0xD0, 0xCF, 0x11, 0xE0], "a document of an older Microsoft Office: save it as text first"),
        ([.. "{\\rtf"u8], "rich text (RTF): save it as plain text first"),
    ];

    /// <summary>What a file is that is no plain text, and what to do about it; null where nothing speaks against text.</summary>
    /// <param name="head">Its first bytes.</param>
    internal static string? Describe(ReadOnlySpan<byte> head)
    {
        foreach (var (start, what) in Known)
        {
            // Two or three letters may begin a text, too: such a file must not be text otherwise.
            if (head.StartsWith(start) && (start.AsSpan().ContainsAnyExceptInRange((byte)' ', (byte)'~') || start.Length > 4 || LooksBinary(head)))
            {
                return what;
            }
        }
        return null;
    }

    /// <summary>Whether bytes hold what no text does: controls other than white space and escapes.</summary>
    internal static bool LooksBinary(ReadOnlySpan<byte> head)
    {
        foreach (var value in head)
        {
            if (IsControl(value))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>Whether a byte is a control other than white space and escapes.</summary>
    internal static bool IsControl(byte value) => value is < 0x09 or (> 0x0D and < 0x1B) or (> 0x1B and < 0x20);
}
