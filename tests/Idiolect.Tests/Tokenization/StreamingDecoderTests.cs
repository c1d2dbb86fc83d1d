using System.Text;
using CsCheck;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

public sealed class StreamingDecoderTests
{
    private static readonly ByteTokenizer Bytes = new();

    [Fact]
    public void Any_bytes_stream_as_UTF8_decodes_them_whole()
    {
        var nearlyUtf8 = Gen.OneOf(
            Gen.Byte.Array[0, 40],
            NastyText.Gen.SelectMany(text => Gen.Byte.Select(noise => (byte[])[.. Encoding.UTF8.GetBytes(text)[..^(text.Length > 0 ? 1 : 0)], noise])),
            Gen.OneOf<byte>(0xf0, 0x9f, 0x98, 0x80, 0xe2, 0x82, 0xac, 0xc3, 0xa9, 0x41, 0xff, 0xc0, 0xed, 0xa0).Array[0, 40]);
        nearlyUtf8.Sample(
            bytes => Assert.Equal(Encoding.UTF8.GetString(bytes), Stream([.. bytes.Select(value => (int)value)])), iter: 10_000);
    }

    [Fact]
    public void No_part_ends_or_begins_inside_a_code_point()
        => NastyText.Gen.Sample(text =>
        {
            var decoder = Bytes.CreateDecoder();
            Assert.All(
                Bytes.Encode(text).Select(decoder.Append).Append(decoder.Flush()),
                part => Assert.Equal(part, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(part))));
        });

    [Fact]
    public void A_character_appears_with_its_last_byte()
    {
        var decoder = Bytes.CreateDecoder();
        Assert.Equal(["", "", "", "\U0001f600"], Bytes.Encode("\U0001f600").Select(decoder.Append));
    }

    [Fact]
    public void Flush_shows_an_incomplete_character_and_begins_afresh()
    {
        var decoder = Bytes.CreateDecoder();
        Assert.Equal("", decoder.Append(0xe2));
        Assert.Equal("\ufffd", decoder.Flush());
        Assert.Equal("A", decoder.Append('A'));
    }

    [Fact]
    public void Decode_equals_the_streamed_text()
        => Gen.Int[0, 256].Array[0, 40].Sample(ids => Assert.Equal(Bytes.Decode(ids), Stream(ids)));

    private static string Stream(int[] ids)
    {
        var decoder = Bytes.CreateDecoder();
        return string.Concat(ids.Select(decoder.Append)) + decoder.Flush();
    }
}
