using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using CsCheck;
using Idiolect.Formats;

namespace Idiolect.Tests.Formats;

public sealed class SafetensorsTests : IDisposable
{
    private readonly TemporaryFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    private static TensorSource Source(string name, long[] shape, params float[] data) => new(name, shape, () => data);

    private static byte[] FileOf(string header, int dataLength)
    {
        var json = Encoding.UTF8.GetBytes(header);
        var file = new byte[8 + json.Length + dataLength];
        BinaryPrimitives.WriteInt64LittleEndian(file, json.Length);
        json.CopyTo(file, 8);
        return file;
    }

    private SafetensorsReader Open(byte[] content)
    {
        File.WriteAllBytes(_temp["m.safetensors"], content);
        return SafetensorsReader.Open(_temp["m.safetensors"]);
    }

    [Fact]
    public void What_is_written_is_read_again()
    {
        var shapes = Gen.Long[0, 5].Array[0, 3];
        shapes.List[0, 6].Sample(all =>
        {
            var random = new Random(all.Count);
            var data = all.Select(shape => Enumerable.Range(0, (int)shape.Aggregate(1L, (a, b) => a * b))
                .Select(_ => random.NextSingle()).ToArray()).ToArray();
            SafetensorsWriter.Write(_temp["m"], all.Select((shape, i) => Source($"t{i}.ü\"", shape, data[i])));
            using var reader = SafetensorsReader.Open(_temp["m"]);
            return reader.Tensors.Count == all.Count && all.Select((shape, i) =>
            {
                var read = new float[data[i].Length];
                reader.Read($"t{i}.ü\"", read);
                return read.SequenceEqual(data[i]) && reader.Tensors[$"t{i}.ü\""].Shape.SequenceEqual(shape);
            }).All(same => same);
        }, iter: 50, threads: 1);
    }

    [Fact]
    public void The_file_has_the_published_layout()
    {
        var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, [Source("b", [2], 3, 4), Source("a", [1, 2], 1, 2)]);
        var bytes = stream.ToArray();
        var length = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        Assert.Equal(0, length % 8);
        Assert.Equal(
            """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""",
            Encoding.UTF8.GetString(bytes, 8, length).TrimEnd(' '));
        Assert.Equal([1f, 2f, 3f, 4f], MemoryMarshal.Cast<byte, float>(bytes.AsSpan(8 + length)).ToArray());
    }

    [Theory]
    [InlineData("  ", "")]
    [InlineData("\n\t\r ", " \n")]
    [InlineData("", "    ")]
    public void White_space_around_the_header_is_accepted(string before, string after)
    {
        var file = FileOf(before + """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""" + after, 4);
        BinaryPrimitives.WriteSingleLittleEndian(file.AsSpan(file.Length - 4), 2.5f);
        using var reader = Open(file);
        var one = new float[1];
        reader.Read("a", one);
        Assert.Equal(2.5f, one[0]);
    }

    [Fact]
    public void No_metadata_may_be_written_as_null()
    {
        using var reader = Open(FileOf("""{"__metadata__":null,"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4));
        Assert.Equal("a", Assert.Single(reader.Tensors).Key);
    }

    [Fact]
    public void Half_bfloat16_and_double_become_float32()
    {
        var file = FileOf("""
            {"h":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"b":{"dtype":"BF16","shape":[2],"data_offsets":[4,8]},
             "d":{"dtype":"F64","shape":[],"data_offsets":[8,16]}}
            """, 16);
        var data = file.AsSpan(file.Length - 16);
        BinaryPrimitives.WriteHalfLittleEndian(data, (Half)(-1.5f));
        BinaryPrimitives.WriteHalfLittleEndian(data[2..], Half.Epsilon);
        BinaryPrimitives.WriteUInt16LittleEndian(data[4..], 0x3FC0);
        BinaryPrimitives.WriteUInt16LittleEndian(data[6..], 0xFF80);
        BinaryPrimitives.WriteDoubleLittleEndian(data[8..], Math.PI);
        using var reader = Open(file);
        var two = new float[2];
        reader.Read("h", two);
        Assert.Equal([-1.5f, (float)Half.Epsilon], two);
        reader.Read("b", two);
        Assert.Equal([1.5f, float.NegativeInfinity], two);
        reader.Read("d", two.AsSpan(0, 1));
        Assert.Equal((float)Math.PI, two[0]);
    }

    [Fact]
    public void A_tensor_longer_than_the_conversion_buffer_is_read_whole()
    {
        const int count = 100_003;
        var file = FileOf($$$"""{"b":{"dtype":"BF16","shape":[{{{count}}}],"data_offsets":[0,{{{count * 2}}}]}}""", count * 2);
        for (var i = 0; i < count; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(file.AsSpan(file.Length - (2 * (count - i))), (ushort)i);
        }
        using var reader = Open(file);
        var read = new float[count];
        reader.Read("b", read);
        Assert.Equal(Enumerable.Range(0, count).Select(i => (uint)(ushort)i << 16), read.Select(BitConverter.SingleToUInt32Bits));
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[0],"data_offsets":[8,8]}}""", 8, "twice")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}}""", 12, "overlap")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "hole")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 8, "end at byte")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 2, "cut short")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs another number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}""", 8, "larger than any file")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}""", 0, "needs another number")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,8]}}""", 8, "no size")]
    [InlineData("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,8]}}""", 8, "no size")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "lies at bytes")]
    [InlineData("""{"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}}""", 8, "supported are F64, F32")]
    [InlineData("""{"a":{"dtype":"1","shape":[2],"data_offsets":[0,8]}}""", 8, "supported are F64, F32")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "lacks")]
    [InlineData("""{"a":3}""", 0, "no object")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "no string")]
    [InlineData("""{"a":{"x":[[[[[[[[[[1]]]]]]]]]]}}""", 0, "bad JSON")]
    [InlineData("""{"\ud800":{}}""", 0, "bad JSON")]
    [InlineData("""[]""", 0, "no JSON object")]
    [InlineData("""{} {}""", 0, "bad JSON")]
    public void A_bad_header_is_refused_with_a_reason(string header, int dataLength, string reason)
    {
        var failure = Assert.Throws<InvalidDataException>(() => Open(FileOf(header, dataLength)));
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
        Assert.Contains(_temp["m.safetensors"], failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public void A_header_longer_than_the_file_is_refused_before_memory_is_taken()
    {
        var file = FileOf("{}", 0);
        BinaryPrimitives.WriteUInt64LittleEndian(file, 99_000_000);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Throws<InvalidDataException>(() => Open(file));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
    }

    [Fact]
    public void A_missing_tensor_a_wrong_length_and_an_integer_type_are_refused()
    {
        using var reader = Open(FileOf("""
            {"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"mask":{"dtype":"BOOL","shape":[2],"data_offsets":[8,10]}}
            """, 10));
        Assert.Contains("no tensor 'c'", Assert.Throws<InvalidDataException>(() => reader.Read("c", new float[2])).Message, StringComparison.Ordinal);
        Assert.Equal("destination", Assert.Throws<ArgumentException>(() => reader.Read("a", new float[3])).ParamName);
        Assert.Contains("BOOL", Assert.Throws<InvalidDataException>(() => reader.Read("mask", new float[2])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
        => Assert.Contains("none.safetensors", Assert.Throws<FileNotFoundException>(
            () => SafetensorsReader.Open(_temp["none.safetensors"])).Message, StringComparison.Ordinal);

    [Fact]
    public void A_writer_refuses_a_name_twice_and_data_that_do_not_fit()
    {
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_temp["m"], [Source("a", [1], 1), Source("a", [1], 1)]));
        Assert.Throws<ArgumentException>(() => SafetensorsWriter.Write(_temp["m"], [Source("a", [2], 1)]));
        Assert.Empty(_temp.Names);
    }

    [Fact]
    public void A_damaged_file_is_read_or_refused_but_nothing_worse()
    {
        var stream = new MemoryStream();
        SafetensorsWriter.Write(stream, [Source("a", [2, 3], 1, 2, 3, 4, 5, 6), Source("b", [], 7), Source("c", [0])]);
        var valid = stream.ToArray();
        var headerEnd = valid.Length - 28;
        var flips = Gen.Select(Gen.Frequency((3, Gen.Int[0, headerEnd - 1]), (1, Gen.Int[0, valid.Length - 1])), Gen.Byte).Array[0, 4];
        Gen.Select(flips, Gen.Frequency((3, Gen.Const(valid.Length)), (1, Gen.Int[0, valid.Length]))).Sample((changes, length) =>
        {
            var file = valid[..length];
            foreach (var (at, value) in changes.Where(change => change.Item1 < length))
            {
                file[at] = value;
            }
            try
            {
                using var reader = Open(file);
                foreach (var (name, tensor) in reader.Tensors)
                {
                    Assert.True(tensor.Offset + tensor.ByteCount <= file.Length);
                    if (tensor.IsFloatingPoint)
                    {
                        reader.Read(name, new float[tensor.ElementCount]);
                    }
                }
            }
            catch (InvalidDataException)
            {
                // Refused, as it should be.
            }
        }, iter: 3000, threads: 1);
    }

    [Fact]
    public void A_file_beyond_2_GiB_is_read_at_its_end()
    {
        // A sparse file: the hole costs no disk.
        const long large = 3L << 30;
        var header = Encoding.UTF8.GetBytes(
            $$$"""{"big":{"dtype":"U8","shape":[{{{large}}}],"data_offsets":[0,{{{large}}}]},"end":{"dtype":"F32","shape":[1],"data_offsets":[{{{large}}},{{{large + 4}}}]}}""");
        using (var stream = File.Create(_temp["big"]))
        {
            stream.Write(BitConverter.GetBytes((long)header.Length));
            stream.Write(header);
            stream.Seek(large, SeekOrigin.Current);
            stream.Write(BitConverter.GetBytes(1.25f));
        }
        using var reader = SafetensorsReader.Open(_temp["big"]);
        var end = new float[1];
        reader.Read("end", end);
        Assert.Equal(1.25f, end[0]);
    }

    [Fact]
    public void A_folder_of_several_files_reads_like_one()
    {
        SafetensorsWriter.Write(_temp["model-1.safetensors"], [Source("a", [1], 1)]);
        SafetensorsWriter.Write(_temp["model-2.safetensors"], [Source("b", [1], 2)]);
        File.WriteAllText(_temp[SafetensorsFolder.IndexName],
            """{"metadata":{"total_size":8},"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}""");
        using var folder = SafetensorsFolder.Open(_temp.Path);
        var read = new float[2];
        folder.Read("a", read.AsSpan(0, 1));
        folder.Read("b", read.AsSpan(1, 1));
        Assert.Equal([1f, 2f], read);
        Assert.Equal(2, folder.Tensors.Count);
    }

    [Fact]
    public void A_folder_with_one_file_is_read()
    {
        SafetensorsWriter.Write(_temp[SafetensorsFolder.FileName], [Source("a", [1], 5)]);
        using var folder = SafetensorsFolder.Open(_temp.Path);
        var read = new float[1];
        folder.Read("a", read);
        Assert.Equal(5, read[0]);
        Assert.Throws<InvalidDataException>(() => folder.Read("b", read));
    }

    [Theory]
    [InlineData("""{"weight_map":{"a":"../m.safetensors"}}""", "no file name")]
    [InlineData("""{"weight_map":{"a":null}}""", "weight_map")]
    [InlineData("""{"weight_map":{"z":"m.safetensors"}}""", "no such tensor")]
    [InlineData("""{"weight_map":{"a":"m.safetensors","a":"m.safetensors"}}""", "no valid index")]
    [InlineData("""{}""", "weight_map")]
    [InlineData("""null""", "weight_map")]
    [InlineData("""{"weight_map":""", "no valid index")]
    public void A_bad_index_is_refused_with_a_reason(string index, string reason)
    {
        SafetensorsWriter.Write(_temp["m.safetensors"], [Source("a", [1], 1)]);
        File.WriteAllText(_temp[SafetensorsFolder.IndexName], index);
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => SafetensorsFolder.Open(_temp.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_weights_is_refused()
        => Assert.Throws<FileNotFoundException>(() => SafetensorsFolder.Open(_temp.Path));
}
