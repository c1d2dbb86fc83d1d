namespace Idiolect.Cli.Tests;

public sealed class CompletionTests
{
    [Theory]
    [InlineData("idiolect tr", "train translate")]
    [InlineData("idiolect train --pres", "--preset")]
    [InlineData("idiolect train --preset nano", "nanogpt nanogpt-cpu")]
    [InlineData("idiolect train --schedule c", "constant cosine")]
    [InlineData("idiolect tokenizer enc", "encode")]
    public async Task A_begun_word_is_completed(string line, string expected)
    {
        // The parser drops the first word of the line when it is the name of the process, which here is the test's.
        var name = Application.CreateRoot(new Terminal(TextWriter.Null, TextWriter.Null, 80, live: false)).Name;
        var typed = line.Replace("idiolect", name, StringComparison.Ordinal);

        var result = await Cli.RunAsync($"[suggest:{typed.Length}]", typed);

        Assert.Equal(expected.Split(' '), result.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    [Theory]
    [InlineData("bash")]
    [InlineData("zsh")]
    [InlineData("fish")]
    [InlineData("pwsh")]
    public async Task Each_shell_gets_a_script_that_asks_for_suggestions(string shell)
    {
        var result = await Cli.RunAsync("completion", shell);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("idiolect \"[suggest:", result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain('\r', result.Out);
    }
}
