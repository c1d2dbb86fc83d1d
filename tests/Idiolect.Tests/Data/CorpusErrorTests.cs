using Idiolect.Data;

namespace Idiolect.Tests.Data;

public sealed class CorpusErrorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_missing_file_is_named() => AssertError<FileNotFoundException>(_folder["none.txt"], "none.txt", "check the path");

    [Fact]
    public void An_empty_file_is_named() => AssertError<InvalidDataException>(_folder.Write("a.txt", ""), "a.txt is empty");

    [Fact]
    public void A_file_of_only_a_byte_order_mark_is_empty()
        => AssertError<InvalidDataException>(_folder.Write("a.txt", [0xEF, 0xBB, 0xBF]), "a.txt is empty");

    [Fact]
    public void A_glob_without_matches_is_named() => AssertError<FileNotFoundException>(_folder["*.cs"], "No file matches", "*.cs");

    [Fact]
    public void A_glob_in_a_missing_folder_matches_nothing()
        => AssertError<FileNotFoundException>(_folder["none/*.cs"], "No file matches", "none/*.cs");

    [Fact]
    public void A_folder_without_text_files_asks_for_a_glob()
    {
        _folder.Write("a.bin", "x");
        AssertError<FileNotFoundException>(_folder.Path, "no text files", "glob");
    }

    [Theory]
    [InlineData(new byte[] { 0x61, 0xFF, 0x62 }, 1)]
    [InlineData(new byte[] { 0x61, 0x62, 0xE4 }, 2)]
    [InlineData(new byte[] { 0xC3, 0xA4, 0xED, 0xA0, 0x80 }, 2)]
    public void Invalid_utf8_is_located(byte[] content, int offset)
        => AssertError<InvalidDataException>(_folder.Write("a.txt", content), "a.txt is not valid UTF-8", $"byte offset {offset}:");

    [Fact]
    public void Invalid_utf8_is_located_far_into_a_file()
        => AssertError<InvalidDataException>(
            _folder.Write("a.txt", [.. Enumerable.Repeat((byte)'x', 5001), 0x80]), "byte offset 5001:");

    [Theory]
    [InlineData("[1]", "line 2: expected a JSON object", "an array")]
    [InlineData("3", "line 2: expected a JSON object", "a number")]
    [InlineData("{\"title\":\"x\"}", "line 2: there is no field \"text\"")]
    [InlineData("{\"text\":null}", "line 2: field \"text\" must be a string", "null")]
    [InlineData("{\"text\":\"x\"", "line 2: not one whole JSON object")]
    [InlineData("{\"text\":\"x\"} {}", "line 2: not one whole JSON object")]
    [InlineData("text", "line 2: not one whole JSON object")]
    [InlineData("{\"text\":\"\\ud800\"}", "line 2: field \"text\" holds a broken")]
    public void A_bad_json_line_is_located(string line, params string[] expected)
        => AssertError<InvalidDataException>(_folder.Write("a.jsonl", "{\"text\":\"good\"}\n" + line + "\n"), ["a.jsonl", .. expected]);

    [Fact]
    public void Deeply_nested_json_is_refused()
        => AssertError<InvalidDataException>(
            _folder.Write("a.jsonl", "{\"x\":" + new string('[', 100_000) + new string(']', 100_000) + ",\"text\":\"a\"}"), "line 1");

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.0)]
    [InlineData(double.NaN)]
    public void A_bad_validation_fraction_is_refused(double fraction)
        => Assert.Throws<ArgumentException>(
            () => Corpus.Load(_folder.Write("a.txt", "text"), new CorpusOptions { ValidationFraction = fraction }, cancellationToken: TestContext.Current.CancellationToken));

    [Fact]
    public void A_runtime_without_documentation_says_what_to_install()
    {
        var error = Assert.Throws<DirectoryNotFoundException>(
            () => Corpus.Load(Corpus.DotnetDocs, new CorpusOptions { DotnetRoot = _folder.Path }, cancellationToken: TestContext.Current.CancellationToken));
        Assert.Contains("Install the .NET SDK", error.Message, StringComparison.Ordinal);
    }

    private static void AssertError<TException>(string source, params string[] expected)
        where TException : Exception
    {
        var error = Assert.Throws<TException>(() => Corpus.Load(source));
        Assert.All(expected, part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', error.Message);
    }
}
