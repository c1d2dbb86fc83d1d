using System.Buffers.Binary;
using System.Text;

namespace Idiolect.Data;

/// <summary>
/// Reads the strings of a .resources file (the format of System.Resources.ResourceReader, version 2). Objects of other types
/// are passed over, so nothing is ever deserialised; nothing is allocated whose size a damaged or hostile file merely claims.
/// </summary>
internal static class ResourceStrings
{
    private const uint Magic = 0xBEEFCACE;
    private const int SupportedVersion = 2;
    private const int StringCode = 1;

    /// <summary>The strings by name; empty when the bytes are no .resources file of this version, or a damaged one.</summary>
    internal static Dictionary<string, string> Read(ReadOnlySpan<byte> file)
    {
        var strings = new Dictionary<string, string>(StringComparer.Ordinal);
        try
        {
            return ReadAll(file, strings) ? strings : [];
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidDataException) // a range beyond the end, or a bad number
        {
            return [];
        }
    }

    private static bool ReadAll(ReadOnlySpan<byte> file, Dictionary<string, string> strings)
    {
        var at = 0;
        if (file.Length < 12 || (uint)Integer(file, ref at) != Magic)
        {
            return false;
        }
        at += 4; // the version of the header
        at = checked(at + 4 + Math.Max(0, Integer(file, ref at))); // the names of reader and set
        if (Integer(file, ref at) != SupportedVersion)
        {
            return false;
        }
        var count = Integer(file, ref at);
        var types = Integer(file, ref at);
        for (var type = 0; type < types; type++)
        {
            Take(file, ref at, CompactInteger(file, ref at));
        }
        at = (at + 7) / 8 * 8;
        if (count < 0 || count > (file.Length - at) / 8)
        {
            return false;
        }
        var positions = file.Slice(at + (4 * count), 4 * count); // behind the names' hashes
        at += 8 * count;
        var data = Integer(file, ref at);
        var names = at;
        var unread = (long)file.Length; // many entries may point at one long string, which only a hostile file does
        for (var i = 0; i < count; i++)
        {
            var name = names + BinaryPrimitives.ReadInt32LittleEndian(positions[(4 * i)..]);
            var text = Encoding.Unicode.GetString(Take(file, ref name, CompactInteger(file, ref name)));
            var value = data + Integer(file, ref name);
            if (CompactInteger(file, ref value) == StringCode)
            {
                strings[text] = Encoding.UTF8.GetString(Take(file, ref value, CompactInteger(file, ref value)));
            }
            unread -= text.Length + strings.GetValueOrDefault(text, "").Length;
            if (unread < 0)
            {
                return false;
            }
        }
        return true;
    }

    private static int Integer(ReadOnlySpan<byte> file, ref int at) => BinaryPrimitives.ReadInt32LittleEndian(Take(file, ref at, 4));

    /// <summary>Seven bits a byte, the lowest first; the highest bit says that another byte follows.</summary>
    private static int CompactInteger(ReadOnlySpan<byte> file, ref int at)
    {
        uint value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var part = Take(file, ref at, 1)[0];
            value |= (part & 0x7Fu) << shift;
            if (part < 0x80)
            {
                return (int)value;
            }
        }
        throw new InvalidDataException("A number has more than five bytes.");
    }

    private static ReadOnlySpan<byte> Take(ReadOnlySpan<byte> file, ref int at, int count)
    {
        var taken = file.Slice(at, count);
        at += count;
        return taken;
    }
}
