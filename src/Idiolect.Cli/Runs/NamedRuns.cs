using Idiolect.Recipes;

namespace Idiolect.Cli.Runs;

/// <summary>Runs as a person names them, and what to type where there is no such one.</summary>
internal sealed class NamedRuns(string root)
{
    private readonly RunFolders folders = new(root);

    /// <summary>The names of the runs, newest first.</summary>
    internal IReadOnlyList<string> Names() => folders.Names();

    /// <summary>The folder of a run.</summary>
    /// <param name="run">A path, a name under <c>runs/</c>, <c>latest</c>, or null for the latest.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such run; the message says which there are, or how to start one.</exception>
    internal string Find(string? run)
    {
        try
        {
            return folders.Find(run);
        }
        catch (DirectoryNotFoundException exception)
        {
            var names = Names();
            var hint = names.Count == 0 ? $": start one with `{CommandName.Current} train`" : "";
            var message = run is not null && names.Count > 0
                ? exception.Message.Replace($"no run {run} ", $"no run {run}{Spelling.DidYouMean(run, names)} ", StringComparison.Ordinal)
                : exception.Message;
            throw new DirectoryNotFoundException(message + hint, exception);
        }
    }

    /// <summary>Chooses the folder of a new run, without making it.</summary>
    /// <exception cref="IOException">There is such a run already.</exception>
    internal string Choose(string? name, string? folder)
    {
        try
        {
            return folders.Choose(name, folder);
        }
        catch (IOException exception)
        {
            var path = folder ?? Path.Combine(root, name ?? "");
            throw new IOException(
                File.Exists(path) ? $"{exception.Message}; choose another --out"
                : $"{exception.Message}: continue it with `{CommandName.Current} train --resume {path}`, or choose another --name or --out", exception);
        }
    }

    internal void Remember(string folder) => folders.Remember(folder);
}
