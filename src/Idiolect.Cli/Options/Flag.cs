using System.CommandLine;
using System.CommandLine.Parsing;

using Idiolect.Data;
using Idiolect.Recipes;

namespace Idiolect.Cli.Options;

/// <summary>Makes the flags and arguments that several verbs have.</summary>
internal static class Flag
{
    internal const int MostThreads = 1024; // as in the library's teams

    internal static NumberOption<int> Count(string name, string description, int minimum = 1) => new(name, description, minimum);

    internal static NumberOption<double> Number(string name, string description, double minimum = 0, double? maximum = null) =>
        new(name, description, minimum, maximum);

    internal static NumberOption<ulong> Seed() => new("--seed", "Seed of all random numbers; the same seed gives the same result", 0);

    internal static Option<string?> Text(string name, string description, string valueName) =>
        new(name) { Description = description, HelpName = valueName };

    internal static Option<bool> Json() => new("--json") { Description = "Print one JSON object a line, for programs" };

    internal static NumberOption<int> Threads() => new(
        "--threads", $"Threads, at most {MostThreads}; the result is the same with any number  [all cores]", 1, MostThreads);

    internal static Option<string?> Data(string description, string valueName = "PATH|dotnet-docs")
    {
        var data = Text("--data", description, valueName);
        data.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && string.IsNullOrWhiteSpace(token.Value))
            {
                result.AddError($"--data takes {valueName}, not \"{token.Value}\"");
            }
        });
        return data;
    }

    /// <summary>Text to learn from, in one place or several.</summary>
    internal static Option<string[]> Sources(string description)
    {
        var data = new Option<string[]>("--data") { Description = description, HelpName = "PATH|dotnet-docs" };
        data.Validators.Add(result =>
        {
            if (result.Tokens.FirstOrDefault(token => string.IsNullOrWhiteSpace(token.Value)) is { } token)
            {
                result.AddError($"--data takes PATH|dotnet-docs, not \"{token.Value}\"");
                return;
            }
            RejectWeights(result);
        });
        return data;
    }

    /// <summary>A weight out of range is as wrong as a flag out of range.</summary>
    internal static void RejectWeights(SymbolResult result)
    {
        foreach (var token in result.Tokens)
        {
            try
            {
                _ = WeightedSource.Parse(token.Value);
            }
            catch (ArgumentException exception)
            {
                result.AddError(exception.Message);
            }
        }
    }

    internal static Option<string?> Field() => Text("--field", "Field of JSON, or column of a table, that holds the text  [text]", "NAME");

    /// <exception cref="ArgumentException">One of the flags was given.</exception>
    internal static void RejectMeaningless(ParseResult parsed, string what, IEnumerable<Option> flags)
    {
        if (flags.FirstOrDefault(flag => parsed.GetResult(flag) is { Implicit: false }) is { } wrong)
        {
            throw new ArgumentException($"{wrong.Name} means nothing to {what}; leave it out");
        }
    }

    /// <summary>Folders and globs may hold what has fields; a single file says whether it does; standard input is plain text.</summary>
    /// <exception cref="ArgumentException">A field was named of data that have none.</exception>
    internal static void RejectField(ParseResult parsed, Option field, string data)
    {
        if (data == TextSource.StandardInput)
        {
            RejectMeaningless(parsed, "standard input, which is plain text", [field]);
        }
        if (data == Corpus.DotnetDocs || (File.Exists(data) && !TextSource.HasFields(data)))
        {
            RejectMeaningless(parsed, $"{data}, whose texts have no fields", [field]);
        }
    }

    /// <summary>The name of a new run, which must be one that a folder under <c>runs/</c> can have and a run can be found by.</summary>
    internal static Option<string?> RunName(string description)
    {
        var name = Text("--name", description, "NAME");
        name.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !RunFolders.CanName(token.Value))
            {
                result.AddError($"--name takes a name for a folder under runs/, not \"{token.Value}\"; --out takes a path");
            }
        });
        return name;
    }

    /// <summary>A run by name or path; completes to the runs that there are.</summary>
    internal static Argument<string?> Run()
    {
        var run = new Argument<string?>("RUN")
        {
            HelpName = "RUN", // or help shows the runs that it completes to
            Description = "Run or model folder: a name under runs/, a path, or latest  [latest]",
            Arity = ArgumentArity.ZeroOrOne,
        };
        run.CompletionSources.Add(_ => new RunFolders(RunFolders.DefaultRoot).Names());
        return run;
    }
}

/// <summary>An argument that may hold anything, words that look like flags included.</summary>
internal sealed class TextArgument(string name) : Argument<string[]>(name);
