using System.Diagnostics;
using System.Net.Sockets;
using Idiolect.Data;
using Idiolect.Recipes;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Data;

public sealed class FileKindTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("/*.txt")]
    public void Pipes_and_sockets_in_a_folder_are_passed_over_and_named(string form)
    {
        MakeSpecialFiles();
        _folder.Write("b.txt", "B");

        var corpus = Corpus.Load(_folder.Path + form, new CorpusOptions { ValidationFraction = 0 }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal("B", Assert.Single(corpus.Training).Text);
        Assert.Equal([("a.txt", "it is a pipe"), ("s.txt", "it is a socket")], corpus.Skipped.Select(file => (Path.GetFileName(file.Name), file.Reason)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("/**/*.txt")]
    public void Links_in_a_folder_are_passed_over_and_told_of_and_circles_end(string form)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs the right to make symbolic links");
        _folder.Write("b.txt", "B");
        Directory.CreateDirectory(_folder["in"]);
        File.CreateSymbolicLink(_folder["a.txt"], _folder["b.txt"]);
        File.CreateSymbolicLink(_folder["in/dead.txt"], "nowhere");
        Directory.CreateSymbolicLink(_folder["in/circle.txt"], _folder.Path);

        var corpus = Corpus.Load(_folder.Path + form, new CorpusOptions { ValidationFraction = 0 }, cancellationToken: TestContext.Current.CancellationToken);

        Assert.Equal("B", Assert.Single(corpus.Training).Text);
        Assert.Equal(["a.txt", "circle.txt", "dead.txt"], corpus.Skipped.Select(file => Path.GetFileName(file.Name)));
        Assert.All(corpus.Skipped, file => Assert.Equal("it is a symbolic link", file.Reason));
    }

    [Fact]
    public void A_link_to_nothing_says_so()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs the right to make symbolic links");
        File.CreateSymbolicLink(_folder["a.txt"], "nowhere.txt");
        var error = Assert.Throws<FileNotFoundException>(() => Corpus.Load(_folder["a.txt"], cancellationToken: TestContext.Current.CancellationToken));
        Assert.Equal($"{_folder["a.txt"]} is a symbolic link to {_folder["nowhere.txt"]}, which is not there.", error.Message);
    }

    [Theory]
    [InlineData("/dev/zero", "a device")]
    [InlineData("/dev/null", "a device")]
    [InlineData("a.txt", "a pipe")]
    [InlineData("s.txt", "a socket")]
    public void One_that_is_named_ends_with_a_sentence(string name, string what)
    {
        MakeSpecialFiles();
        var path = name.StartsWith('/') ? name : _folder[name];

        var error = Assert.Throws<InvalidDataException>(() => Corpus.Load(path, cancellationToken: TestContext.Current.CancellationToken));
        Assert.StartsWith($"{path} is {what}, not a file:", error.Message, StringComparison.Ordinal);
        Assert.Throws<InvalidDataException>(() => Utf8Text.Read(path));
        Assert.Throws<InvalidDataException>(() => LabelledCorpus.Load(path));
        Assert.Throws<InvalidDataException>(() => Tokenizer.Load(path));
        Assert.Throws<InvalidDataException>(() => Recipe.Load(path));
        Assert.Throws<InvalidDataException>(() => ParallelCorpus.Load(path, new ParallelCorpusOptions { To = ["de"] }));
    }

    private void MakeSpecialFiles()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "asks Linux");
        using var process = Process.Start("mkfifo", _folder["a.txt"]);
        process.WaitForExit();
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(_folder["t.sock"]));
        File.Move(_folder["t.sock"], _folder["s.txt"]); // .NET removes the file under the name that it gave
    }
}
