namespace Idiolect.Cli.Tests;

public sealed class FailureTests
{
    public static TheoryData<Exception, string> Expected => new()
    {
        { new InvalidDataException("book.txt: byte 7 is no UTF-8"), "book.txt: byte 7 is no UTF-8" },
        { new FileNotFoundException("no file book.txt"), "no file book.txt" },
        { new UnauthorizedAccessException("Access to the path '/x' is denied."), "Access to the path '/x' is denied." },
        { new ArgumentException("--width must be even", "width"), "--width must be even" },
        { new AggregateException(new IOException("No space left on device")), "No space left on device" },
        { new InvalidDataException("two\r\nlines"), "two lines" },
        { new TypeInitializationException("Isa", new ArgumentException("IDIOLECT_ISA=sse is not one of them")), "IDIOLECT_ISA=sse is not one of them" },
    };

    [Theory]
    [MemberData(nameof(Expected), DisableDiscoveryEnumeration = true)]
    public void An_expected_failure_is_one_line(Exception exception, string message)
    {
        using var error = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(TextWriter.Null, error, 80, live: false);

        Assert.Equal(ExitCode.Error, Failure.Report(exception, terminal, json: false));
        Assert.Equal($"error: {message}\n", error.ToString());
    }

    [Fact]
    public void An_unexpected_failure_is_called_a_bug_without_a_stack() =>
        Assert.Matches(
            @"^this is a bug in idiolect [^,]+, please report it: InvalidOperationException: queue empty \(set IDIOLECT_DEBUG=1 for the stack\)$",
            Failure.Describe(new InvalidOperationException("queue empty")));

    [Fact]
    public void Interruption_ends_with_130()
    {
        using var terminal = new Terminal(TextWriter.Null, TextWriter.Null, 80, live: false);

        Assert.Equal(130, Failure.Report(new OperationCanceledException(), terminal, json: false));
    }

    [Fact]
    public void Interruption_is_an_object_too_with_json()
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, 80, live: false);

        Failure.Report(new OperationCanceledException(), terminal, json: true);

        Assert.Equal("{\"event\":\"interrupted\"}\n", output.ToString());
    }

    [Theory]
    [InlineData("idiolect", true, "idiolect")]
    [InlineData("Idiolect.Cli", true, "dotnet run -c Release --project src/Idiolect.Cli --")]
    [InlineData("Idiolect.Cli", false, "idiolect")]
    [InlineData("dotnet", false, "dotnet idiolect")]
    public void Suggested_commands_begin_as_this_one_did(string process, bool inRepository, string expected) =>
        Assert.Equal(expected, CommandName.Of(process, inRepository));
}
