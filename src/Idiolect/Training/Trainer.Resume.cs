using Idiolect.Tensors;

namespace Idiolect.Training;

public sealed partial class Trainer
{
    /// <summary>Continues a run from its newest intact checkpoint.</summary>
    /// <param name="runFolder">The run.</param>
    /// <param name="load">
    /// Makes the task from the checkpoint's folder, its state and the options: loads the model from the folder, which the caller then keeps, and joins it
    /// with the data. The trainer disposes the task, also where it refuses.
    /// </param>
    /// <param name="change">Changes the stored options, for example to more steps; null to keep them.</param>
    /// <param name="allowOtherData">Whether the run may go on with other data than it began with.</param>
    /// <param name="optimizer">Makes an optimiser of one's own, as when the run began; null for the options' one.</param>
    /// <param name="synchronizer">Joins several processes, see the constructor.</param>
    /// <remarks>
    /// What is not as before is the first thing that the run reports (<see cref="RunChanged"/>): from there on its weights are not those
    /// that the first run would have come to. The learning rate follows the new options' schedule as if they had held from the start.
    /// </remarks>
    /// <exception cref="FileNotFoundException">The folder holds no intact checkpoint.</exception>
    /// <exception cref="InvalidDataException">The data or the tokenizer changed since, or the checkpoint belongs to another model or optimiser.</exception>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    /// <exception cref="IOException">Another process works in the folder.</exception>
    public static Trainer Resume(
        string runFolder, Func<string, TrainingState, TrainingOptions, ITrainingTask> load, Func<TrainingOptions, TrainingOptions>? change = null,
        bool allowOtherData = false, Func<ParameterSet, TrainingOptions, Optimizer>? optimizer = null, IGradientSynchronizer? synchronizer = null)
    {
        var store = new CheckpointStore(runFolder);
        if (store.Checkpoints.Count == 0)
        {
            throw NothingToContinue(runFolder, Directory.Exists(runFolder) ? "it has none" : "there is no such folder");
        }
        // Locked before anything is read: whoever holds the run may be adding and removing checkpoints right now.
        var held = RunLock.Acquire(runFolder);
        try
        {
            var checkpoint = store.FindNewestIntact(out var damaged)
                ?? throw NothingToContinue(runFolder, damaged.Count == 0 ? "it has none" : $"all are damaged: {damaged[0].Reason}");
            var state = TrainingState.Read(checkpoint.Path);
            var options = change == null ? state.Options : change(state.Options);
            var task = load(checkpoint.Path, state, options);
            try
            {
                state.EnsureSameInputs(allowOtherData ? state.DataHash : task.DataHash, task.TokenizerHash);
            }
            catch
            {
                task.Dispose();
                throw;
            }
            var changes = RunChanges.Between(state, options, task.DataHash);
            TrainingProgress[] news = changes.Count == 0 ? [.. damaged] : [.. damaged, new RunChanged(state.Step, changes)];
            return new Trainer(task, options, runFolder, optimizer, synchronizer, new ResumedRun(held, checkpoint, news));
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static FileNotFoundException NothingToContinue(string runFolder, string why)
        => new($"'{runFolder}' has no checkpoint to continue from ({why}).", runFolder);

    /// <summary>Where a run goes on.</summary>
    /// <param name="Held">The folder's lock.</param>
    /// <param name="Checkpoint">The checkpoint.</param>
    /// <param name="News">What is reported first.</param>
    private sealed record ResumedRun(RunLock Held, Checkpoint Checkpoint, IReadOnlyList<TrainingProgress> News);
}
