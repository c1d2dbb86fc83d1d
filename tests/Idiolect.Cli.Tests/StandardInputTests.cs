using System.Text;

using Idiolect.Tokenization;

namespace Idiolect.Cli.Tests;

/// <summary>What is piped in.</summary>
public sealed class StandardInputTests : IDisposable
{
    private readonly StringWriter error = new() { NewLine = "\n" };

    public void Dispose() => error.Dispose();

    [Fact]
    public async Task All_of_a_pipe_is_read()
    {
        using var terminal = Open(new MemoryStream(Encoding.UTF8.GetBytes("one\ntwo\n")));
        Assert.Equal("one\ntwo\n", await StandardInput.ReadPipedAsync(terminal, "", TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task An_empty_pipe_and_a_keyboard_are_nothing()
    {
        using var empty = Open(new MemoryStream());
        using var keyboard = Open(null);
        Assert.Null(await StandardInput.ReadPipedAsync(empty, "", TestContext.Current.CancellationToken));
        Assert.Null(await StandardInput.ReadPipedAsync(keyboard, "", TestContext.Current.CancellationToken));
        Assert.Equal("", error.ToString());
    }

    [Fact]
    public async Task A_pipe_that_stays_open_without_a_word_is_left_with_a_sentence()
    {
        using var terminal = Open(new Silence());
        Assert.Null(await StandardInput.ReadPipedAsync(terminal, "beginning a new text", TestContext.Current.CancellationToken));
        Assert.Equal("nothing comes from standard input: beginning a new text\n", error.ToString());
    }

    [Fact]
    public async Task Waiting_ends_when_it_is_cancelled()
    {
        using var terminal = Open(new Silence());
        using var source = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var wait = StandardInput.ReadAsync(terminal, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => wait);
    }

    [Fact]
    public async Task Bytes_that_are_no_text_are_named()
    {
        using var terminal = Open(new MemoryStream([0xFF, 0xFE, 0xFF]));
        var exception = await Assert.ThrowsAsync<InvalidDataException>(() => StandardInput.ReadAsync(terminal, TestContext.Current.CancellationToken));
        Assert.StartsWith("standard input", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_tokenizer_reads_it()
    {
        using var folder = new TemporaryFolder();
        new ByteTokenizer().Save(folder["bytes"]);
        var result = await Cli.RunWithInputAsync(new MemoryStream("ab"u8.ToArray()), "tokenizer", "encode", "--tokenizer", folder["bytes"]);
        Assert.Equal("97 98\n", result.Out);
        var decoded = await Cli.RunWithInputAsync(new MemoryStream("97 98"u8.ToArray()), "tokenizer", "decode", "--tokenizer", folder["bytes"]);
        Assert.Equal("ab\n", decoded.Out);
        Assert.Equal("97 98\n", (await Cli.RunWithInputAsync(new MemoryStream("ab"u8.ToArray()), "tokenizer", "encode", "-", "--tokenizer", folder["bytes"])).Out);
        Assert.Equal("ab\n", (await Cli.RunWithInputAsync(new MemoryStream("97 98"u8.ToArray()), "tokenizer", "decode", "-", "--tokenizer", folder["bytes"])).Out);
    }

    [Theory]
    [InlineData("translate", "sentence")]
    [InlineData("classify", "text")]
    [InlineData("embed", "text")]
    [InlineData("fill", "text")]
    public async Task A_verb_without_a_text_says_how_to_give_one(string verb, string what) => Assert.Equal(
        new Cli.Result(1, "", $"error: give a {what} with --text, a file with --file, or pipe {what}s in\n"), await Cli.RunAsync(verb));

    [Theory]
    [InlineData("\n", "")]
    [InlineData("a\r\n", "a")]
    [InlineData("a\n\n", "a\n")]
    [InlineData("a", "a")]
    public void The_line_break_at_the_end_of_a_prompt_s_file_is_none_of_the_prompt(string text, string expected)
        => Assert.Equal(expected, Commands.GenerateCommand.WithoutLastBreak(text));

    private Terminal Open(Stream? input) => new(TextWriter.Null, error, 80, live: false, input);

    /// <summary>A pipe to which nobody writes.</summary>
    private sealed class Silence : MemoryStream
    {
        private readonly ManualResetEventSlim ended = new();

        public override int Read(byte[] buffer, int offset, int count)
        {
            ended.Wait(CancellationToken.None);
            return 0;
        }

        public override void CopyTo(Stream destination, int bufferSize) => ended.Wait(CancellationToken.None);

        protected override void Dispose(bool disposing)
        {
            ended.Set();
            base.Dispose(disposing);
        }
    }
}
