using System.CommandLine;
using System.CommandLine.Parsing;

using Idiolect.Cli.Options;

namespace Idiolect.Cli;

/// <summary>What is wrong with a command line, in one sentence, with the likely intention where a name is misspelt.</summary>
internal static class Usage
{
    internal static string? FindError(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var isVerbUnknown = command.Subcommands.Count > 0 && parsed.UnmatchedTokens is [[not '-', ..], ..];
        if (!isVerbUnknown && UnknownFlag(parsed) is { } flag)
        {
            return FlagsOf(parsed).Contains(flag)
                ? $"{flag} stands behind the verb: {CommandName.Current} {VerbOf(parsed)}{flag}"
                : $"unknown flag {flag}{Spelling.DidYouMean(flag, FlagsOf(parsed))}";
        }
        if (parsed.UnmatchedTokens is [var word, ..])
        {
            return command.Subcommands.Count > 0
                ? $"unknown verb \"{word}\"{Spelling.DidYouMean(word, command.Subcommands.Select(verb => verb.Name))}"
                : $"unexpected \"{word}\"";
        }
        if (parsed.Errors.Count == 0)
        {
            // Numbers that were read but lie outside what makes sense.
            return command.Options.OfType<IRanged>().Select(option => option.FindProblem(parsed)).FirstOrDefault(found => found is not null);
        }
        return command is not RootCommand && command.Subcommands.Count > 0 && command.Action is null
            ? $"{command.Name} needs a verb: {string.Join(", ", command.Subcommands.Select(verb => verb.Name))}"
            : WrongCount(parsed) ?? parsed.Errors[0].Message;
    }

    /// <summary>The verb as typed, with a space behind it: <c>"tokenizer train "</c>; nothing for the root.</summary>
    internal static string VerbOf(ParseResult parsed)
    {
        var verb = "";
        for (SymbolResult? result = parsed.CommandResult; result is CommandResult { Command: not RootCommand } named; result = result.Parent)
        {
            verb = $"{named.Command.Name} {verb}";
        }
        return verb;
    }

    // The parser takes an unknown flag for an argument (a run called "--temprature") where the verb has room for one. Of a text only what begins
    // with two dashes is one, and nothing behind a "--" that stands alone.
    private static string? UnknownFlag(ParseResult parsed)
    {
        var open = parsed.Tokens.TakeWhile(token => token.Type != TokenType.DoubleDash).ToHashSet();
        return parsed.UnmatchedTokens
            .Concat(parsed.CommandResult.Children.OfType<ArgumentResult>()
                .SelectMany(argument => argument.Argument is TextArgument
                    ? argument.Tokens.Where(token => token.Value.StartsWith("--", StringComparison.Ordinal) && open.Contains(token))
                    : argument.Tokens)
                .Select(token => token.Value))
            .FirstOrDefault(token => token.Length > 1 && token[0] == '-' && !char.IsAsciiDigit(token[1]))
            ?.Split('=')[0];
    }

    private static string? WrongCount(ParseResult parsed)
    {
        foreach (var flag in parsed.CommandResult.Children.OfType<OptionResult>().Where(flag => !flag.Implicit))
        {
            var option = flag.Option;
            if (flag.Tokens.Count < option.Arity.MinimumNumberOfValues)
            {
                return $"{option.Name} needs a value: {option.Name} {option.HelpName}";
            }
            if (flag.Tokens.Count > option.Arity.MaximumNumberOfValues)
            {
                return $"{option.Name} was given {flag.Tokens.Count} values and takes one";
            }
        }
        return null;
    }

    private static IEnumerable<string> FlagsOf(ParseResult parsed) =>
        parsed.CommandResult.Command.Options.Concat(parsed.RootCommandResult.Command.Options.Where(option => option.Recursive))
            .Select(option => option.Name);
}
