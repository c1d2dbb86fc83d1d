using System.Text.Json;
using System.Text.Unicode;

namespace Idiolect.Formats;

/// <summary>
/// The JSON header of a safetensors file, read with distrust. The format (github.com/huggingface/safetensors, README):
/// 8 bytes, the header's length as a little-endian 64-bit integer; the header, a JSON object from each tensor's name to its
/// dtype, shape and data_offsets, with an optional map of strings <c>__metadata__</c>; then the data, which the tensors must
/// cover without overlap or hole.
/// </summary>
internal static class SafetensorsHeader
{
    /// <summary>The bytes before the header.</summary>
    internal const int LengthSize = 8;

    /// <summary>The longest header that the reference implementation accepts.</summary>
    internal const int LongestHeader = 100_000_000;

    internal const string MetadataName = "__metadata__";

    // Ours needs 3 levels: the object, a tensor, its shape. Values that we skip may nest a little deeper.
    private const int DeepestNesting = 8;

    /// <summary>Parses and checks the header.</summary>
    /// <param name="json">The header's bytes.</param>
    /// <param name="dataLength">The number of bytes that follow the header.</param>
    /// <param name="path">The file, for messages.</param>
    /// <exception cref="InvalidDataException">Anything in it is wrong.</exception>
    internal static Dictionary<string, TensorInfo> Parse(ReadOnlySpan<byte> json, long dataLength, string path)
    {
        // The reference reader takes white space around the object, too.
        if (json.TrimStart(" \t\r\n"u8) is not [(byte)'{', ..] || !Utf8.IsValid(json))
        {
            throw Bad(path, "the header is no JSON object");
        }
        var dataStart = LengthSize + (long)json.Length;
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = DeepestNesting });
            var metadataSeen = false;
            reader.Read();
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                reader.Read();
                if (name == MetadataName)
                {
                    if (metadataSeen)
                    {
                        throw Bad(path, $"{MetadataName} appears twice");
                    }
                    metadataSeen = true;
                    SkipMetadata(ref reader, path);
                }
                else if (!tensors.TryAdd(name, ReadTensor(ref reader, path, name, dataStart, dataLength)))
                {
                    throw Bad(path, $"tensor '{name}' appears twice");
                }
            }
            if (reader.Read())
            {
                throw Bad(path, "the header goes on after its JSON object");
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a string with half of a surrogate pair.
            throw new InvalidDataException($"'{path}' is no valid safetensors file: its header is bad JSON ({exception.Message})", exception);
        }
        CheckCoverage(tensors, dataStart, dataLength, path);
        return tensors;
    }

    internal static InvalidDataException Bad(string path, string problem)
        => new($"'{path}' is no valid safetensors file: {problem}. Download or export it again.");

    private static void SkipMetadata(ref Utf8JsonReader reader, string path)
    {
        if (reader.TokenType == JsonTokenType.Null)
        {
            return; // no metadata, to the reference reader
        }
        Expect(reader.TokenType == JsonTokenType.StartObject, path, $"{MetadataName} is no object");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            reader.Read();
            Expect(reader.TokenType == JsonTokenType.String, path, $"{MetadataName} holds something that is no string");
        }
    }

    private static TensorInfo ReadTensor(ref Utf8JsonReader reader, string path, string name, long dataStart, long dataLength)
    {
        Expect(reader.TokenType == JsonTokenType.StartObject, path, $"tensor '{name}' is no object");
        StoredType? type = null;
        List<long>? shape = null;
        List<long>? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = reader.GetString();
            reader.Read();
            switch (field)
            {
                case "dtype":
                    Expect(type is null, path, $"tensor '{name}' has two dtypes");
                    type = ReadType(ref reader, path, name);
                    break;
                case "shape":
                    Expect(shape is null, path, $"tensor '{name}' has two shapes");
                    shape = ReadIntegers(ref reader, path, name, "shape");
                    break;
                case "data_offsets":
                    Expect(offsets is null, path, $"tensor '{name}' has data_offsets twice");
                    offsets = ReadIntegers(ref reader, path, name, "data_offsets");
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }
        Expect(type is not null && shape is not null && offsets is { Count: 2 }, path,
            $"tensor '{name}' lacks a dtype, a shape or two data_offsets");

        var (begin, end) = (offsets![0], offsets[1]);
        Expect(begin <= end && end <= dataLength, path,
            $"tensor '{name}' lies at bytes {begin} to {end} of the data, which has {dataLength} (is the file cut short?)");
        var count = Product(shape!, path, name);
        Expect((UInt128)(ulong)count * (uint)TensorInfo.SizeOf(type!.Value) == (UInt128)(ulong)(end - begin), path,
            $"tensor '{name}' has {end - begin} bytes, but {type} [{string.Join(", ", shape!)}] needs another number");
        return new TensorInfo(type.Value, shape!, count, dataStart + begin);
    }

    private static StoredType ReadType(ref Utf8JsonReader reader, string path, string name)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "(not a string)";
        // Enum.TryParse would also take numbers and lists of names.
        foreach (var type in Enum.GetValues<StoredType>())
        {
            if (type.ToString() == text)
            {
                return type;
            }
        }
        throw new InvalidDataException(
            $"'{path}': tensor '{name}' has the dtype {text}; supported are {string.Join(", ", Enum.GetNames<StoredType>())}.");
    }

    private static List<long> ReadIntegers(ref Utf8JsonReader reader, string path, string name, string field)
    {
        Expect(reader.TokenType == JsonTokenType.StartArray, path, $"{field} of tensor '{name}' is no list");
        var values = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var isNumber = reader.TokenType == JsonTokenType.Number;
            Expect(isNumber && reader.TryGetInt64(out var value) && value >= 0 && Add(values, value), path,
                $"{field} of tensor '{name}' holds something that is no size");
        }
        return values;

        static bool Add(List<long> values, long value)
        {
            values.Add(value);
            return true;
        }
    }

    private static long Product(List<long> shape, string path, string name)
    {
        var product = 1L;
        foreach (var size in shape)
        {
            var wide = (Int128)product * size;
            Expect(wide <= long.MaxValue, path, $"the shape of tensor '{name}' is larger than any file");
            product = (long)wide;
        }
        return product;
    }

    private static void CheckCoverage(Dictionary<string, TensorInfo> tensors, long dataStart, long dataLength, string path)
    {
        var position = dataStart;
        // An empty tensor shares its offset with the next one: order by size there.
        foreach (var (name, tensor) in tensors.OrderBy(pair => pair.Value.Offset).ThenBy(pair => pair.Value.ByteCount))
        {
            Expect(tensor.Offset == position, path,
                $"tensor '{name}' starts at byte {tensor.Offset}, where {position} is due (an overlap or a hole)");
            position += tensor.ByteCount;
        }
        Expect(position == dataStart + dataLength, path,
            $"its tensors end at byte {position} and the file at {dataStart + dataLength}");
    }

    private static void Expect(bool condition, string path, string problem)
    {
        if (!condition)
        {
            throw Bad(path, problem);
        }
    }
}
