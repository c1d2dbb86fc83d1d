using System.CommandLine;

using Idiolect.Cli.Runs;
using Idiolect.Recipes;
using Idiolect.Tokenization;

namespace Idiolect.Cli.Commands;

/// <summary>Where the verbs of <c>idiolect tokenizer</c> find their tokenizer.</summary>
internal static class TokenizerSource
{
    /// <summary>The flag that says whose tokens; a run or a model folder has its own.</summary>
    internal static Option<string?> Option() => new("--tokenizer")
    {
        Description = "A tokenizer.json, or the run or model folder that holds one  [latest]",
        HelpName = "FILE|RUN",
    };

    /// <summary>Loads what <see cref="Option"/> names: a file, a folder, a run.</summary>
    internal static Tokenizer Load(string? source)
    {
        if (source is not null && (File.Exists(source) || File.Exists(Path.Combine(source, "tokenizer.json"))))
        {
            return Tokenizer.Load(source);
        }
        return ModelLocation.Open(new NamedRuns(RunFolders.DefaultRoot).Find(source), Tokenizer.Load);
    }
}
