using System.CommandLine;
using System.Text.RegularExpressions;

namespace Idiolect.Cli.Tests;

/// <summary>Advice where memory does not suffice.</summary>
public sealed class MemoryAdviceTests
{
    public static TheoryData<string> Verbs => [.. All(Application.CreateRoot(Silent), "").Select(verb => verb.Name)];

    private static Terminal Silent => new(TextWriter.Null, TextWriter.Null, 80, live: false);

    [Theory]
    [MemberData(nameof(Verbs))]
    public void It_names_flags_that_the_verb_has(string verb)
    {
        var command = All(Application.CreateRoot(Silent), "").Single(named => named.Name == verb).Command;
        string[] advice = [MemoryAdvice.Of(verb), .. verb is "train" or "tune" ? new[] { MemoryAdvice.OfTraining(verb, null), MemoryAdvice.OfTraining(verb, "reading book.txt") } : []];
        Assert.All(advice.SelectMany(text => Regex.Matches(text, "--[a-z-]+").Select(match => match.Value)), flag => Assert.Contains(flag, command.Options.Select(option => option.Name)));
    }

    [Fact]
    public void It_knows_what_the_training_was_doing()
    {
        Assert.Equal("not enough memory while reading book.txt: give less text with --data", MemoryAdvice.OfTraining("train", "reading book.txt"));
        Assert.Contains("saved all the same", MemoryAdvice.OfTraining("train", "measuring the best checkpoint on all of the held-out text"), StringComparison.Ordinal);
        Assert.Equal("not enough memory: choose a smaller --samples or --max-tokens", Failure.Describe(new NoMemory(), "generate"));
    }

    private sealed class NoMemory : OutOfMemoryException;

    private static IEnumerable<(string Name, Command Command)> All(Command command, string before) => command.Subcommands.SelectMany(
        verb => All(verb, $"{before}{verb.Name} ").Prepend(($"{before}{verb.Name}", verb)));
}
