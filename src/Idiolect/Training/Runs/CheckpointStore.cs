using System.Globalization;
using Idiolect.Formats;

namespace Idiolect.Training;

/// <summary>A checkpoint on disk: a Hugging Face model folder with <c>trainer/</c> and <c>checksums.json</c> in it.</summary>
/// <param name="Step">The number of steps taken when it was saved.</param>
/// <param name="Path">The folder.</param>
public sealed record Checkpoint(long Step, string Path)
{
    /// <summary>What is wrong with it, or null when every file in it is as it was written. Reads all of them.</summary>
    public string? FindDamage() => FolderChecksums.FindDamage(Path);
}

/// <summary><c>best.json</c> of a run: the checkpoint with the lowest validation loss.</summary>
/// <param name="Step">Its step.</param>
/// <param name="ValidationLoss">Its validation loss in nats a token.</param>
public sealed record BestCheckpoint(long Step, double ValidationLoss);

/// <summary>
/// The checkpoints of a run: <c>RUN/checkpoints/step-00001200/</c> and so on. The name of a checkpoint appears by one rename
/// once all of it is on disk, so a crash at any moment leaves the old set or the new one. The newest is simply the one with
/// the highest step; <c>RUN/latest</c> (one line, the path inside the run) tells it to scripts and is never trusted here.
/// </summary>
/// <remarks>
/// Disk space: the newest K checkpoints, the best one if it is older, and one more while saving. The run folder holds no further
/// copy of the model: a run is used as a model by way of <see cref="ModelFolder"/>. One process may write to a run at a
/// time (<see cref="RunLock"/>); any number may read, but a checkpoint that falls out of the newest K vanishes under its readers.
/// </remarks>
/// <param name="runFolder">The folder of the run; made on the first save.</param>
/// <param name="keepLast">K, the number of newest checkpoints kept; at least 1.</param>
public sealed class CheckpointStore(string runFolder, int keepLast = 2)
{
    private const string Prefix = "step-";

    private readonly string _folder = Path.Combine(Path.GetFullPath(runFolder), "checkpoints");
    private readonly string _latest = Path.Combine(Path.GetFullPath(runFolder), "latest");
    private readonly string _best = Path.Combine(Path.GetFullPath(runFolder), "best.json");
    private readonly int _keepLast = keepLast >= 1
        ? keepLast
        : throw new ArgumentOutOfRangeException(nameof(keepLast), keepLast, "At least one checkpoint must be kept.");

    /// <summary>The checkpoints, newest first; complete when they were written, but not verified.</summary>
    public IReadOnlyList<Checkpoint> Checkpoints
        => !Directory.Exists(_folder)
            ? []
            : [.. Directory.EnumerateDirectories(_folder, Prefix + "*")
                .Select(path => new Checkpoint(StepOf(path), path))
                .Where(checkpoint => checkpoint.Step >= 0)
                .OrderByDescending(checkpoint => checkpoint.Step)];

    /// <summary>What <c>best.json</c> says; null before the first evaluation, or when the checkpoint it names is gone.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public BestCheckpoint? Best
    {
        get
        {
            if (!File.Exists(_best))
            {
                return null;
            }
            var best = TrainingJson.Read(_best, TrainingJson.Default.BestCheckpoint);
            return Directory.Exists(PathOf(best.Step)) ? best : null;
        }
    }

    /// <summary>
    /// The model folder that stands for the run, as in <c>generate RUN</c>: the best checkpoint, else (also where <c>best.json</c> is
    /// damaged, which only points to it) the newest; null without any.
    /// </summary>
    public string? ModelFolder
    {
        get
        {
            try
            {
                if (Best is { } best)
                {
                    return PathOf(best.Step);
                }
            }
            catch (InvalidDataException)
            {
                // The newest stands for it.
            }
            return Checkpoints is [var newest, ..] ? newest.Path : null;
        }
    }

    /// <summary>
    /// Saves a checkpoint, then removes those that are neither among the newest K nor the best. A step that is already saved
    /// and intact is left alone.
    /// </summary>
    /// <param name="step">The number of steps taken.</param>
    /// <param name="fill">Writes the files into the folder whose path it is given.</param>
    /// <param name="bestValidationLoss">The validation loss in nats a token, when this is the best checkpoint so far.</param>
    /// <returns>The checkpoint.</returns>
    /// <exception cref="WriteFailedException">The disk is full, or the folder cannot be written; older checkpoints are as before.</exception>
    public Checkpoint Save(long step, Action<string> fill, double? bestValidationLoss = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        var path = PathOf(step);
        if (Directory.Exists(path) && FolderChecksums.FindDamage(path) is not null)
        {
            AtomicFolder.Delete(path);
        }
        if (!Directory.Exists(path))
        {
            AtomicFolder.Write(path, partial =>
            {
                fill(partial);
                FolderChecksums.Write(partial);
            });
        }
        if (bestValidationLoss is { } loss)
        {
            MarkBest(step, loss);
        }
        AtomicFile.Write(_latest, $"checkpoints/{Path.GetFileName(path)}\n");
        Prune();
        return new Checkpoint(step, path);
    }

    /// <summary>
    /// Names the best checkpoint, which must exist. <see cref="Save"/> calls it; so does a resume, with the best step of the
    /// checkpoint's state, because a crash may have come between a save and this.
    /// </summary>
    public void MarkBest(long step, double validationLoss)
    {
        if (!Directory.Exists(PathOf(step)))
        {
            throw new ArgumentException($"There is no checkpoint of step {step} in '{_folder}'.", nameof(step));
        }
        TrainingJson.Write(_best, new BestCheckpoint(step, validationLoss), TrainingJson.Default.BestCheckpoint);
    }

    /// <summary>Names no checkpoint the best: the one that was has gone, and its step will be taken again.</summary>
    public void ForgetBest() => File.Delete(_best);

    /// <summary>Finds the newest checkpoint whose files all have the checksums stored with them.</summary>
    /// <param name="damaged">The newer ones that were passed over, and why.</param>
    /// <returns>The checkpoint, or null when there is none.</returns>
    public Checkpoint? FindNewestIntact(out IReadOnlyList<CheckpointDamaged> damaged)
    {
        var bad = new List<CheckpointDamaged>();
        damaged = bad;
        foreach (var checkpoint in Checkpoints)
        {
            if (FolderChecksums.FindDamage(checkpoint.Path) is not { } reason)
            {
                return checkpoint;
            }
            bad.Add(new CheckpointDamaged(checkpoint.Step, checkpoint.Path, reason));
        }
        return null;
    }

    /// <summary>
    /// Removes the checkpoints after a step: a run that resumes there walks that way again, and the damaged ones must not
    /// count among the newest K.
    /// </summary>
    public void DiscardAfter(long step)
    {
        foreach (var checkpoint in Checkpoints.Where(checkpoint => checkpoint.Step > step))
        {
            AtomicFolder.Delete(checkpoint.Path);
        }
    }

    private void Prune()
    {
        AtomicFolder.RemoveLeftovers(_folder);
        var best = Best?.Step;
        foreach (var checkpoint in Checkpoints.Skip(_keepLast).Where(checkpoint => checkpoint.Step != best))
        {
            AtomicFolder.Delete(checkpoint.Path);
        }
    }

    private string PathOf(long step) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{Prefix}{step:D8}"));

    /// <summary>The step in a checkpoint's name, or -1 when it is no checkpoint's name.</summary>
    private long StepOf(string path)
        => long.TryParse(Path.GetFileName(path).AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var step)
            && PathOf(step) == path
            ? step
            : -1;
}
