using System.Text;
using Idiolect.Data;

namespace Idiolect.Tests.Data;

public sealed class Utf8TextTests
{
    [Fact]
    public void A_stream_is_read_to_its_end_without_a_byte_order_mark()
    {
        var text = string.Concat(Enumerable.Repeat("caf\u00e9 \u4e2d\u6587 \U0001f600\r\n", 20_000));
        using var stream = new MemoryStream([0xEF, 0xBB, 0xBF, .. Encoding.UTF8.GetBytes(text)]);
        Assert.Equal(text, Utf8Text.Read(stream, "input"));
    }

    [Fact]
    public void Bytes_that_are_not_UTF_8_are_named_and_not_replaced()
    {
        using var stream = new MemoryStream([(byte)'c', (byte)'a', (byte)'f', 0xE9]); // Latin-1
        var error = Assert.Throws<InvalidDataException>(() => Utf8Text.Read(stream, "standard input"));
        Assert.StartsWith("standard input is not valid UTF-8 at byte offset 3", error.Message, StringComparison.Ordinal);
    }
}
