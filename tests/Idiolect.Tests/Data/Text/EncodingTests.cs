using System.Text;
using CsCheck;
using Idiolect.Data;

namespace Idiolect.Tests.Data;

public sealed class EncodingTests : IDisposable
{
    private const string Sentence = "Gets the number of elements; café, 語 and 😀.\n";

    private static readonly Dictionary<string, Encoding> Encodings = new()
    {
        ["utf-8"] = new UTF8Encoding(true),
        ["utf-16le"] = new UnicodeEncoding(false, true),
        ["utf-16be"] = new UnicodeEncoding(true, true),
        ["utf-32le"] = new UTF32Encoding(false, true),
        ["utf-32be"] = new UTF32Encoding(true, true),
    };

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Names => [.. Encodings.Keys];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Names))]
    public void A_marked_text_is_read(string name)
    {
        var encoding = Encodings[name];
        byte[] bytes = [.. encoding.GetPreamble(), .. encoding.GetBytes(Sentence)];
        var file = _folder.Write("a.txt", bytes);

        Assert.Equal(Sentence, Read(file));
        Assert.Equal(Sentence, Utf8Text.Read(file));
        Assert.Equal(Sentence, Utf8Text.Read(new MemoryStream(bytes), "standard input"));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Marked_json_lines_and_tables_are_read(string name)
    {
        var encoding = Encodings[name];
        byte[] Bytes(string text) => [.. encoding.GetPreamble(), .. encoding.GetBytes(text)];

        Assert.Equal("café 😀", Read(_folder.Write("a.jsonl", Bytes("{\"text\":\"café 😀\"}\n"))));
        Assert.Equal("café 😀", Read(_folder.Write("a.json", Bytes("[{\"text\":\"café 😀\"}]"))));
        Assert.Equal("café 😀", Read(_folder.Write("a.csv", Bytes("text\ncafé 😀\n"))));
        Assert.Equal("café 😀\n", Read(_folder.Write("a.html", Bytes("<p>café 😀"))));
    }

    [Theory]
    [InlineData("utf-16le")]
    [InlineData("utf-16be")]
    [InlineData("utf-32le")]
    [InlineData("utf-32be")]
    public void An_unmarked_one_is_named_with_the_fix(string name)
    {
        var file = _folder.Write("a.txt", Encodings[name].GetBytes("Gets the number of elements.\n"));

        AssertError(() => Read(file), "a.txt", name.ToUpperInvariant(), $"iconv -f {name} -t utf-8");
        AssertError(() => Utf8Text.Read(file), "a.txt", name.ToUpperInvariant(), $"iconv -f {name} -t utf-8");
    }

    [Theory]
    [InlineData("Привет, мир! Это простой текст.\n")]
    [InlineData("مرحبا بالعالم، هذا نص\n")]
    [InlineData("Καλημέρα κόσμε, αυτό είναι κείμενο\n")]
    [InlineData("日本語のテキスト。これは文章です。\n")]
    [InlineData("שלום עולם, זה טקסט\n")]
    [InlineData("안녕하세요. 이것은 글입니다.\n")]
    public void So_is_one_of_other_letters_some_of_which_would_pass_for_utf_8(string text)
    {
        foreach (var name in Encodings.Keys.Where(name => name != "utf-8"))
        {
            foreach (var times in new[] { 1, 3, 1000 })
            {
                var file = _folder.Write("a.txt", Encodings[name].GetBytes(string.Concat(Enumerable.Repeat(text, times))));
                AssertError(() => Read(file), "a.txt", name.ToUpperInvariant(), $"iconv -f {name} -t utf-8");
            }
        }
    }

    [Fact]
    public void Text_in_utf_8_is_never_taken_for_another()
        => Gen.String[1, 3000].Sample(text =>
        {
            var bytes = Encoding.UTF8.GetBytes(string.Concat(text.Where(c => !char.IsControl(c) || char.IsWhiteSpace(c))) + "\u0007");
            Assert.True(bytes.Length < 6 || UnmarkedEncoding.Find(bytes) is null);
        });

    [Fact]
    public void Where_an_extension_would_not_help_none_is_advised()
    {
        byte[] gzip = [0x1F, 0x8B, 8, 0, 0, 0];
        var piped = new CorpusOptions { StandardInput = _folder.Write("b.txt", gzip) };

        AssertError(() => Utf8Text.Read(_folder.Write("a.txt.gz", gzip)), "a.txt.gz is compressed by gzip: plain text is read here; unpack it");
        AssertError(() => Read(TextSource.StandardInput, piped), "standard input is compressed by gzip: plain text is read here; unpack it");
        AssertError(() => Corpus.Load("-", new CorpusOptions { StandardInput = _folder.Write("c.txt", "") }), "standard input is empty");
    }

    [Fact]
    public void The_hint_of_an_unmarked_text_leads_to_the_text()
    {
        // What iconv does, which the message names.
        var bytes = Encodings["utf-16le"].GetBytes(Sentence);
        Assert.Equal(Sentence, Read(_folder.Write("a.txt", Encoding.UTF8.GetBytes(Encoding.GetEncoding("utf-16le").GetString(bytes)))));
    }

    [Fact]
    public void A_broken_marked_text_is_an_error_that_names_it()
        => AssertError(() => Read(_folder.Write("a.txt", [0xFF, 0xFE, 0x61, 0x00, 0x00, 0xD8])), "a.txt", "UTF-16");

    [Fact]
    public void Latin_1_is_read_on_request_only()
    {
        var file = _folder.Write("a.txt", [.. "caf"u8, 0xE9]);

        AssertError(() => Read(file), "not valid UTF-8 at byte offset 3");
        Assert.Equal("café", Read(file, new CorpusOptions { Encoding = CorpusOptions.Latin1 }));
        Assert.Throws<ArgumentException>(() => Read(file, new CorpusOptions { Encoding = "ebcdic" }));
    }

    [Theory]
    [InlineData("a zip archive", 0x50, 0x4b, 3, 4, 20, 0)]
    [InlineData("a PDF", 0x25, 0x50, 0x44, 0x46, 0x2d, 0x31)]
    [InlineData("compressed by gzip", 0x1F, 0x8B, 8, 0, 0, 0)]
    [InlineData("compressed by Zstandard", 0x28, 0xB5, 0x2F, 0xFD, 4, 0)]
    [InlineData("compressed by xz", 0xFD, 0x37, 0x7a, 0x58, 0x5a, 0)]
    [InlineData("a PNG picture", 0x89, 0x50, 0x4e, 0x47, 13, 10)]
    [InlineData("a JPEG picture", 0xFF, 0xD8, 0xFF, 0xE0, 0, 16)]
    [InlineData("a GIF picture", 0x47, 0x49, 0x46, 0x38, 1, 0)]
    [InlineData("a program", 0x7F, 0x45, 0x4c, 0x46, 2, 1)]
    [InlineData("binary data", 0x00, 0x01, 0xFE, 0x9A, 0x00, 0xC0, 0x80, 0x12)]
    public void What_is_no_text_is_named(string what, params int[] start)
        => AssertError(() => Read(_folder.Write("a.txt", [.. start.Select(value => (byte)value), .. new byte[20]])), "a.txt", what);

    [Theory]
    [InlineData("GIF89 is an old format")]
    [InlineData("PAR1 and PAR2")]
    [InlineData("BZhang writes")]
    [InlineData("RIFF")]
    [InlineData("one\0zero")]
    public void A_text_that_begins_like_one_is_a_text(string text) => Assert.Equal(text, Read(_folder.Write("a.txt", text)));

    [Fact]
    public void Any_text_comes_back_whatever_the_size_of_what_is_read_at_once()
        => Gen.String[0, 400].Select(text => new string([.. text.Where(c => !char.IsSurrogate(c))])).Sample(text =>
        {
            using var reader = new Utf8Reader(new Trickle(Encoding.UTF8.GetBytes("é" + text)), "a", null);
            Assert.Equal("é" + text, reader.ReadToEnd());
        });

    private static string Read(string file, CorpusOptions? options = null)
        => string.Concat(TextSource.Open(file, options).Read().Select(document => document.Text));

    private static void AssertError(Action read, params string[] expected)
    {
        var error = Assert.Throws<InvalidDataException>(read);
        Assert.All(expected, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', error.Message);
    }

    /// <summary>Gives a byte at a time.</summary>
    private sealed class Trickle(byte[] bytes) : MemoryStream(bytes)
    {
        public override int Read(Span<byte> buffer) => base.Read(buffer[..Math.Min(1, buffer.Length)]);
    }
}
