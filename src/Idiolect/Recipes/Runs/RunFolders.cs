using Idiolect.Formats;
using Idiolect.Models;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>The folder <c>runs/</c>: finds runs by name, chooses the folders of new ones and remembers the latest.</summary>
/// <param name="root">Its path.</param>
public sealed class RunFolders(string root)
{
    /// <summary>Where runs lie unless told otherwise, under the current folder.</summary>
    public const string DefaultRoot = "runs";

    /// <summary>Names the latest run; also what a person types for it. A small text file: a link needs rights on Windows.</summary>
    private const string Latest = "latest";

    /// <summary>The folder of a run.</summary>
    /// <param name="run">A path, a name under <c>runs/</c>, <c>latest</c>, or null for the latest.</param>
    /// <exception cref="DirectoryNotFoundException">There is no such run; the message says which there are.</exception>
    /// <exception cref="FileNotFoundException">It is a file; the message says what to give instead.</exception>
    public string Find(string? run)
    {
        if (run is null or Latest)
        {
            return FindLatest();
        }
        // The texts of a run may lie in a folder of its name.
        var named = Path.Combine(root, run);
        if (Directory.Exists(named) && !Run.IsRun(run) && ModelLocation.Find(run) is null)
        {
            return named;
        }
        if (Directory.Exists(run))
        {
            return run;
        }
        if (File.Exists(run))
        {
            throw new FileNotFoundException($"{run} is not a run or model folder: {NoModelFolder.DescribeFile(run)}", run);
        }
        var names = Names();
        throw new DirectoryNotFoundException(names.Count == 0
            ? $"no folder {run}, and no run yet"
            : $"no run {run} (there are: {string.Join(", ", names)})");
    }

    /// <summary>The names of the runs, newest first.</summary>
    public IReadOnlyList<string> Names() => !Directory.Exists(root) ? [] :
    [
        .. new DirectoryInfo(root).EnumerateDirectories()
            .Where(folder => !folder.Name.StartsWith('.'))
            .OrderByDescending(folder => folder.CreationTimeUtc).ThenBy(folder => folder.Name, StringComparer.Ordinal)
            .Select(folder => folder.Name),
    ];

    /// <summary>Whether a run can have this name: a folder's, no path, and not the word for the latest, in any case since some disks see none.</summary>
    /// <param name="name">The name.</param>
    public static bool CanName(string name) => !string.IsNullOrWhiteSpace(name) && name is not ("." or "..")
        && Path.GetFileName(name) == name && !name.Equals(Latest, StringComparison.OrdinalIgnoreCase);

    /// <summary>Chooses the folder of a new run, without making it. A run that ended before its first checkpoint gives its folder up.</summary>
    /// <param name="name">Its name under <c>runs/</c>; null makes one up.</param>
    /// <param name="folder">Its path instead; null puts it under <c>runs/</c>.</param>
    /// <exception cref="IOException">There is such a run already.</exception>
    public string Choose(string? name, string? folder)
    {
        folder ??= Path.Combine(root, name ?? NewName());
        if (File.Exists(folder))
        {
            throw new IOException($"{folder} is a file");
        }
        if (RunLock.IsHeld(folder))
        {
            throw new IOException($"{folder} is in use by another process");
        }
        if (Run.IsRun(folder) && Run.Open(folder).HasBegun)
        {
            throw new IOException($"{folder} holds a run already");
        }
        return folder;
    }

    /// <summary>Makes a run the latest, if that can be written down here: a run may lie elsewhere, and its name for short is not worth its end.</summary>
    /// <param name="folder">The run's folder.</param>
    public void Remember(string folder)
    {
        // A name while the run lies under runs/, so that the folder can be moved as a whole.
        var parent = Path.GetDirectoryName(Path.GetFullPath(folder));
        try
        {
            Directory.CreateDirectory(root);
            AtomicFile.Write(
                Path.Combine(root, Latest), parent == Path.GetFullPath(root) ? Path.GetFileName(folder) : Path.GetFullPath(folder));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException && parent != Path.GetFullPath(root))
        {
            // It is found by its folder, as it was named.
        }
    }

    private string FindLatest()
    {
        var file = Path.Combine(root, Latest);
        if (!File.Exists(file))
        {
            throw new DirectoryNotFoundException("no run yet");
        }
        FileKind.RequireRegular(file);
        var folder = Path.Combine(root, File.ReadAllText(file).Trim());
        if (Directory.Exists(folder))
        {
            return folder;
        }
        var others = string.Join(", ", Names());
        throw new DirectoryNotFoundException(
            $"the latest run, {folder}, is gone" + (others.Length > 0 ? $"; name another (there are: {others})" : ", and there is no other"));
    }

    private string NewName()
    {
        var pair = RunName.Make(Random.Shared);
        var name = pair;
        for (var number = 2; Directory.Exists(Path.Combine(root, name)); number++)
        {
            name = $"{pair}-{number}";
        }
        return name;
    }
}
