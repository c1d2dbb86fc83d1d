using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using Idiolect.Data;
using Parquet;
using Parquet.Schema;
using ZstdSharp;

namespace Idiolect.Tests.Data;

public sealed class DocumentKindTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_kind_gives_its_texts_plain_and_compressed()
    {
        var files = new Dictionary<string, (byte[] Bytes, string[] Texts)>
        {
            ["a.txt"] = ("plain é\n"u8.ToArray(), ["plain é\n"]),
            ["a.md"] = ("# Title\n"u8.ToArray(), ["# Title\n"]),
            ["a.cs"] = ("class C;\n"u8.ToArray(), ["class C;\n"]),
            ["a.html"] = ("<html><head><title>T</title></head><body><p>One &amp; two<br>three<script>no()</script></p></body></html>"u8.ToArray(), ["One & two\nthree\n"]),
            ["a.jsonl"] = ("{\"text\":\"one\"}\n\n{\"text\":\"two\"}\n"u8.ToArray(), ["one", "two"]),
            ["a.json"] = ("[{\"id\":1,\"text\":\"one\"}, \"two\"]"u8.ToArray(), ["one", "two"]),
            ["a.csv"] = ("id,text\n1,\"one, and\nmore \"\"quoted\"\"\"\n2,two\n"u8.ToArray(), ["one, and\nmore \"quoted\"", "two"]),
            ["a.tsv"] = ("text\tid\none\t1\ntwo\t2\n"u8.ToArray(), ["one", "two"]),
            ["a.parquet"] = (await ParquetOf(new DataField<string>("text"), "one", null, "", "two"), ["one", "two"]),
        };
        foreach (var (name, (bytes, texts)) in files)
        {
            Assert.Equal(texts, Read(_folder.Write(name, bytes)));
            Assert.Equal(texts, Read(_folder.Write(name + ".gz", Gzip(bytes))));
            Assert.Equal(texts, Read(_folder.Write(name + ".zst", Zstandard(bytes))));
        }
        // In an archive and in a folder all but .json, which is read only where it is named.
        var all = files.OrderBy(file => file.Key, StringComparer.Ordinal).Where(file => file.Key != "a.json").SelectMany(file => file.Value.Texts).ToArray();
        Assert.Equal(all, Read(_folder.Write("b.zip", Zip(files))));
        Assert.Equal(all.Order(), Read(_folder.Write("b.tar", Tar(files))).Order());
        Assert.Equal(all.Order(), Read(_folder.Write("b.tar.gz", Gzip(Tar(files)))).Order());
        Assert.Equal(all.Order(), Read(_folder.Write("b.tgz", Gzip(Tar(files)))).Order());
        Assert.Equal(all.Order(), Read(_folder.Write("b.tar.zst", Zstandard(Tar(files)))).Order());
        Assert.Equal(7 * all.Length + all.Length, Read(_folder.Path).Length);
    }

    [Theory]
    [InlineData("a.jsonl", "{{\"text\":\"{0}\"}}\n")]
    [InlineData("a.json", "[{{\"text\":\"{0}\"}}]")]
    [InlineData("a.csv", "text\n{0}\n")]
    public void A_long_text_of_a_record_comes_in_parts_and_is_one_document(string name, string form)
    {
        var text = string.Join(' ', Enumerable.Range(0, 300_000));
        var file = _folder.Write(name, string.Format(System.Globalization.CultureInfo.InvariantCulture, form, text));

        Assert.Equal([text], Read(file));
        var parts = TextSource.Open(file).Read().ToArray();
        Assert.All(parts, part => Assert.True(part.Text.Length < 1 << 17));
        Assert.Equal(parts.Length - 1, parts.Count(part => part.IsContinuation));
    }

    [Fact]
    public void Objects_one_behind_the_other_are_values_too()
        => Assert.Equal(["one", "two"], Read(_folder.Write("a.json", "{\n \"text\": \"one\"\n}\n{\"text\":\"two\"}")));

    [Theory]
    [InlineData("[{\"text\":\"a\"}, 3]", "value 2", "a number")]
    [InlineData("[{\"text\":\"a\"}, {\"body\":\"b\"}]", "value 2", "no field \"text\"")]
    [InlineData("[{\"text\":1}]", "value 1", "must be a string, found a number")]
    [InlineData("[{\"text\":\"a\"}, {", "line 1, byte 16: no valid JSON")]
    [InlineData("hello", "line 1, byte 0: no valid JSON")]
    [InlineData("[{\"text\":\"\\ud800\"}]", "broken")]
    public void A_bad_value_is_named(string json, params string[] expected) => AssertError(_folder.Write("a.json", json), ["a.json", .. expected]);

    [Theory]
    [InlineData("a,b\n1,2\n", "no column \"text\"; it has \"a\", \"b\"")]
    [InlineData("id,text\n1,one\n2\n", "the same columns in every row")]
    [InlineData("id,text\n1,one,more\n", "the same columns in every row")]
    [InlineData("id,text\n1,\"open\n2,two\n", "quote")]
    [InlineData("text,text\n1,one\n", "Col name 'text' found 2 times")]
    [InlineData("id,text\n1,one\n2,5\" disk\n3,it has 3\" more\n", "line 3: a quote stands within a text")]
    [InlineData("text,name\none,a 5\" disk, and 3\" more\n", "line 2: a quote stands within a text")]
    public void A_bad_table_is_named(string table, string expected) => AssertError(_folder.Write("a.csv", table), "a.csv", expected);

    [Theory]
    [InlineData("\"id\",\"text\"\n\"1\",\"a \"\"b\"\", c\"\n", "a \"b\", c")]
    [InlineData("id,text\n1,he said \"hi\" to me\n", "he said \"hi\" to me")]
    [InlineData("text\n\"one\r\ntwo\"\n", "one\r\ntwo")]
    [InlineData("text\n\"\"\"\"\n", "\"")]
    public void A_quoted_text_is_what_its_writer_meant(string table, string text) => Assert.Equal([text], Read(_folder.Write("a.csv", table)));

    [Fact]
    public void A_table_without_a_line_is_empty() => Assert.Empty(Read(_folder.Write("a.csv", "")));

    [Fact]
    public async Task A_column_of_another_type_is_named_in_words()
    {
        AssertError(_folder.Write("a.parquet", await ParquetOf(new DataField<int>("text"), 1, 2)), "a.parquet", "column \"text\" holds whole numbers, no text");
        AssertError(_folder.Write("b.parquet", await ParquetOf(new DataField<double>("text"), 1.0, 2.0)), "holds numbers, no text");
        AssertError(_folder.Write("c.parquet", await ParquetOf(new DataField<string>("body"), "x")), "no column \"text\"; it has \"body\"");
    }

    [Fact]
    public async Task A_damaged_parquet_file_is_named_whatever_the_damage()
    {
        var bytes = await ParquetOf(new DataField<string>("text"), "one", "two", "three");
        var file = _folder["a.parquet"];
        for (var length = 0; length < bytes.Length; length += 7)
        {
            File.WriteAllBytes(file, bytes[..length]);
            AssertError(file, "a.parquet");
        }
    }

    [Fact]
    public void What_is_cut_off_is_named()
    {
        var text = Encoding.UTF8.GetBytes(string.Join('\n', Enumerable.Range(0, 50_000).Select(i => $"line {i} {i * 7919 % 1013}")));
        var files = new Dictionary<string, (byte[] Bytes, string[] Texts)> { ["a.txt"] = (text, []) };

        foreach (var (name, whole) in new[] { ("a.txt.gz", Gzip(text)), ("a.txt.zst", Zstandard(text)), ("b.tar.gz", Gzip(Tar(files))), ("b.zip", Zip(files)), ("b.tar", Tar(files)) })
        {
            Assert.Single(Read(_folder.Write(name, whole)));
            foreach (var share in new[] { 0.01, 0.5, 0.9 })
            {
                var file = _folder.Write(name, whole[..(int)(whole.Length * share)]);
                Assert.True(Record.Exception(() => Read(file)) is InvalidDataException, $"{name} {share}");
                AssertError(file, name);
            }
            Assert.NotNull(name);
        }
    }

    [Fact]
    public void A_bomb_stops_at_the_limit()
    {
        var zeros = new byte[1 << 20];
        Array.Fill(zeros, (byte)'a');
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Optimal, leaveOpen: true))
        {
            for (var i = 0; i < 300; i++)
            {
                gzip.Write(zeros);
            }
        }
        var bomb = memory.ToArray();
        Assert.True(bomb.Length < 1 << 20);

        AssertError(_folder.Write("a.txt.gz", bomb), "a.txt.gz", "unpacks to more than 200 times its size");
        using var archive = new MemoryStream();
        using (var zip = new ZipArchive(archive, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var member = zip.CreateEntry("a.txt").Open();
            for (var i = 0; i < 300; i++)
            {
                member.Write(zeros);
            }
        }
        AssertError(_folder.Write("b.zip", archive.ToArray()), "b.zip!a.txt", "unpacks to more than 200 times its size");
    }

    [Fact]
    public void Bombs_of_many_parts_or_packed_twice_stop_at_the_same_limit()
    {
        var text = new byte[60 << 20];
        Array.Fill(text, (byte)'a');
        var packed = Gzip(text);

        // Each member by itself is below what anything may become.
        AssertError(_folder.Write("a.zip", Zip(Copies("txt", text))), "a.zip!1.txt", "all that is read of", "unpacks to more than 200 times its size");
        AssertError(_folder.Write("b.zip", Zip(Copies("txt.gz", packed))), "b.zip!1.txt.gz", "unpacks to more than 200 times its size");
        AssertError(_folder.Write("c.tar.gz", Gzip(Tar(Copies("txt.gz", packed)))), "c.tar.gz!1.txt.gz", "unpacks to more than 200 times its size");

        static Dictionary<string, (byte[] Bytes, string[] Texts)> Copies(string extension, byte[] bytes)
            => Enumerable.Range(0, 2).ToDictionary(i => $"{i}.{extension}", _ => (bytes, Array.Empty<string>()));
    }

    [Fact]
    public void A_bit_of_a_zip_that_flips_is_noticed()
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            using var member = zip.CreateEntry("a.txt", CompressionLevel.NoCompression).Open();
            member.Write("one two three four"u8);
        }
        var bytes = memory.ToArray();
        bytes[bytes.AsSpan().IndexOf("three"u8)] ^= 1;

        AssertError(_folder.Write("a.zip", bytes), "a.zip!a.txt is cut off or damaged");
    }

    [Fact]
    public void An_encrypted_member_is_named()
    {
        var bytes = Zip(new() { ["a.txt"] = ("text"u8.ToArray(), []) });
        bytes[6] |= 1;
        bytes[bytes.AsSpan().IndexOf("PK\x01\x02"u8) + 8] |= 1;

        AssertError(_folder.Write("a.zip", bytes), "a.zip!a.txt is encrypted");
    }

    [Theory]
    [InlineData("a.txt.gz", "gzip")]
    [InlineData("a.csv.zst", "Zstandard")]
    [InlineData("a.tgz", "gzip")]
    public void What_is_not_compressed_as_its_name_says_is_named(string name, string format)
        => AssertError(_folder.Write(name, "only text"), $"{name} is not compressed by {format}");

    [Fact]
    public void What_an_archive_holds_and_nobody_reads_is_told_of()
    {
        var inner = Zip(new() { ["a.txt"] = ("inside"u8.ToArray(), []) });
        Assert.Equal(
            ["b.zip!a.zip: it is an archive inside an archive"],
            Skipped(_folder.Write("b.zip", Zip(new() { ["a.zip"] = (inner, []), ["b.txt"] = ("text"u8.ToArray(), []), ["c.png"] = ([1], []) }))));
        Assert.Equal(["c.zip: it holds no file of text"], Skipped(_folder.Write("c.zip", Zip(new() { ["c.png"] = ([1], []) }))));
        using var memory = new MemoryStream();
        using (var tar = new TarWriter(memory, TarEntryFormat.Pax, leaveOpen: true))
        {
            tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "link.txt") { LinkName = "/etc/passwd" });
            tar.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "folder.txt"));
        }
        Assert.Equal(["d.tar!link.txt: it is a link or a special file"], Skipped(_folder.Write("d.tar", memory.ToArray())));

        static IEnumerable<string> Skipped(string path)
        {
            var source = TextSource.Open(path);
            for (var time = 0; time < 2; time++)
            {
                Assert.True(source.Read().Count() < 2);
            }
            return source.Skipped.Select(file => $"{Path.GetFileName(file.Name)}: {file.Reason}");
        }
    }

    [Fact]
    public void Members_with_paths_that_lead_elsewhere_are_only_read()
    {
        using var memory = new MemoryStream();
        using (var tar = new TarWriter(memory, TarEntryFormat.Pax, leaveOpen: true))
        {
            foreach (var name in new[] { "/tmp/idiolect-absolute.txt", "../../idiolect-up.txt", ".hidden/no.txt" })
            {
                tar.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(name)) });
            }
            tar.WriteEntry(new PaxTarEntry(TarEntryType.SymbolicLink, "link.txt") { LinkName = "/etc/passwd" });
        }

        Assert.Equal(["/tmp/idiolect-absolute.txt", "../../idiolect-up.txt"], Read(_folder.Write("a.tar", memory.ToArray())));
        Assert.False(File.Exists("/tmp/idiolect-absolute.txt"));
    }

    [Fact]
    public void A_folder_with_a_bad_file_names_it_or_goes_on_without_it()
    {
        _folder.Write("a.txt", "good");
        _folder.Write("b.txt", [.. "begins well"u8, 0xFF]);
        _folder.Write("c.jsonl", "{\"text\":\"fine\"}\n{broken\n");
        _folder.Write("d.txt.gz", "no gzip");
        _folder.Write("e.md", "also good");

        AssertError(_folder.Path, "b.txt is not valid UTF-8");
        var source = TextSource.Open(_folder.Path, new CorpusOptions { SkipBad = true });
        Assert.Equal(["good", "also good"], source.Read().Select(document => document.Text));
        Assert.Equal(["b.txt", "c.jsonl", "d.txt.gz"], source.Skipped.Select(file => Path.GetFileName(file.Name)));
        Assert.All(source.Skipped, file => Assert.Contains(Path.GetFileName(file.Name), file.Reason, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("<p>One  two\n three</p><p>four</p>", "One two three\n\nfour\n")]
    [InlineData("<div>a</div><div>b<b>c</b></div>", "a\nbc\n")]
    [InlineData("<pre>x\n  y</pre>z", "x\n  y\n\nz\n")]
    [InlineData("<pre>x\n\n\n<b>y</b>\n\n<i>z</i>\n\n\n</pre>a", "x\n\n\ny\n\nz\n\na\n")]
    [InlineData("<ul><li>a<li>b</ul>", "a\nb\n")]
    [InlineData("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc\n")]
    [InlineData("no marks at all", "no marks at all\n")]
    [InlineData("<style>p{}</style><body><noscript>x</noscript>", "")]
    [InlineData("&lt;b&gt; &eacute; &#x8a9e;", "<b> é 語\n")]
    public void A_page_becomes_the_text_that_one_reads(string html, string text) => Assert.Equal(text, HtmlText.Of(html, "a.html"));

    [Fact]
    public void A_deeply_nested_page_is_read()
        => Assert.Equal("x\n", HtmlText.Of(string.Concat(Enumerable.Repeat("<div>", 3_000)) + "x", "a.html"));

    [Fact]
    public void A_page_nested_without_end_is_refused_at_once() => Assert.Equal(
        "a.html nests its tags more than 4096 deep, as no page for people does.",
        Assert.Throws<InvalidDataException>(() => HtmlText.Of(string.Concat(Enumerable.Repeat("<div>", 200_000)) + "x", "a.html")).Message);

    [Fact]
    public void An_array_that_is_named_as_lines_is_told_its_name()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a.jsonl"], "[\n{\"text\":\"a\"}]");
        AssertError(folder["a.jsonl"], "a.jsonl, line 1", "found an array: write one object a line, or name the file .json");
    }

    [Fact]
    public void What_is_too_large_for_one_value_is_refused()
    {
        var text = new string('x', 16 << 20);
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["a.jsonl"], $"{{\"text\":\"short\"}}\n{{\"text\":\"{text}\"}}\n");
        AssertError(folder["a.jsonl"], "a.jsonl, line 2", "longer than 16 MiB");
        File.WriteAllText(folder["a.html"], $"<p>{text}</p>");
        AssertError(folder["a.html"], "a.html", "more than 16 Mi characters in one page");
        File.WriteAllText(folder["a.json"], $"[\"short\",\"{text}{text}{text}\"]");
        AssertError(folder["a.json"], "a.json", "a value of more than 16 MiB");
    }

    private static string[] Read(string path) => [.. TextPart.Join(TextSource.Open(path).ReadParts()).Select(document => document.Text)];

    private static void AssertError(string path, params string[] expected)
    {
        var error = Assert.Throws<InvalidDataException>(() => Read(path));
        Assert.All(expected, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', error.Message);
        Assert.DoesNotContain("System.", error.Message, StringComparison.Ordinal);
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using var memory = new MemoryStream();
        using (var gzip = new GZipStream(memory, CompressionLevel.Optimal, leaveOpen: true))
        {
            gzip.Write(bytes);
        }
        return memory.ToArray();
    }

    private static byte[] Zstandard(byte[] bytes)
    {
        using var compressor = new Compressor();
        return compressor.Wrap(bytes).ToArray();
    }

    private static byte[] Zip(Dictionary<string, (byte[] Bytes, string[] Texts)> files)
    {
        using var memory = new MemoryStream();
        using (var zip = new ZipArchive(memory, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, (bytes, _)) in files)
            {
                using var member = zip.CreateEntry(name).Open();
                member.Write(bytes);
            }
        }
        return memory.ToArray();
    }

    private static byte[] Tar(Dictionary<string, (byte[] Bytes, string[] Texts)> files)
    {
        using var memory = new MemoryStream();
        using (var tar = new TarWriter(memory, TarEntryFormat.Ustar, leaveOpen: true))
        {
            foreach (var (name, (bytes, _)) in files)
            {
                tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, name) { DataStream = new MemoryStream(bytes) });
            }
        }
        return memory.ToArray();
    }

    private static async Task<byte[]> ParquetOf<T>(DataField<T> field, params T?[] values)
    {
        using var memory = new MemoryStream();
        await using (var writer = await ParquetWriter.CreateAsync(new ParquetSchema(field), memory))
        {
            using var group = writer.CreateRowGroup();
            switch (values)
            {
                case string?[] texts:
                    await group.WriteAsync(field, texts!);
                    break;
                case int[] numbers:
                    await group.WriteAsync<int>(field, numbers.AsMemory());
                    break;
                case double[] numbers:
                    await group.WriteAsync<double>(field, numbers.AsMemory());
                    break;
            }
        }
        return memory.ToArray();
    }
}
