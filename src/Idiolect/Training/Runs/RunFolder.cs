namespace Idiolect.Training;

/// <summary>
/// The folder of a run while a trainer works in it: locked against others, and gone again if a run that it was made for never came to
/// a checkpoint.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    private const string MomentsName = "optimizer.safetensors";

    private readonly string _path;
    private readonly bool _made;
    private readonly RunLock _lock;

    /// <summary>Opens the folder, or makes it.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="keepCheckpoints">The number of newest checkpoints kept.</param>
    /// <param name="held">Its lock, if it is held already; disposed with this.</param>
    /// <exception cref="IOException">Another process works in it.</exception>
    internal RunFolder(string path, int keepCheckpoints, RunLock? held)
    {
        (_path, _made) = (path, !Directory.Exists(path));
        Checkpoints = new CheckpointStore(path, keepCheckpoints);
        _lock = held ?? RunLock.Create(path);
    }

    internal CheckpointStore Checkpoints { get; }

    internal string MetricsPath => Path.Combine(_path, MetricsLog.FileName);

    /// <summary>Writes a checkpoint: the model, and in <c>trainer/</c> what a resume needs.</summary>
    internal Checkpoint Save(ITrainingTask task, Optimizer optimizer, TrainingState state, bool isBest)
        => Checkpoints.Save(
            state.Step,
            folder =>
            {
                task.Save(folder);
                var trainer = Path.Combine(folder, TrainingState.FolderName);
                Directory.CreateDirectory(trainer);
                optimizer.Save(Path.Combine(trainer, MomentsName));
                task.SaveState(trainer);
                state.Write(folder);
            },
            isBest ? state.BestValidationLoss : null);

    /// <summary>Reads a checkpoint's moments and states, and makes it the newest one; the model has been read.</summary>
    internal TrainingState Restore(Checkpoint checkpoint, Optimizer optimizer, ITrainingTask task)
    {
        var state = TrainingState.Read(checkpoint.Path);
        var trainer = Path.Combine(checkpoint.Path, TrainingState.FolderName);
        optimizer.Load(Path.Combine(trainer, MomentsName));
        task.LoadState(trainer);
        Checkpoints.DiscardAfter(checkpoint.Step);
        if (state is { BestStep: { } bestStep, BestValidationLoss: { } bestLoss }
            && Checkpoints.Checkpoints.Any(saved => saved.Step == bestStep))
        {
            Checkpoints.MarkBest(bestStep, bestLoss);
        }
        else
        {
            Checkpoints.ForgetBest();
        }
        return state;
    }

    public void Dispose()
    {
        if (_made && Checkpoints.Checkpoints.Count == 0)
        {
            RemoveEmptyRun();
        }
        _lock.Dispose();
    }

    /// <summary>A run that failed before its first checkpoint is no run; but what somebody else put into its folder stays.</summary>
    private void RemoveEmptyRun()
    {
        try
        {
            File.Delete(MetricsPath);
            if (Directory.Exists(Path.Combine(_path, "checkpoints")))
            {
                Directory.Delete(Path.Combine(_path, "checkpoints"));
            }
            if (!Directory.EnumerateFileSystemEntries(_path).Any(path => Path.GetFileName(path) != RunLock.FileName))
            {
                Directory.Delete(_path, recursive: true);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What stands in the way of tidying up is the reason of the failure, which is being reported.
        }
    }
}
