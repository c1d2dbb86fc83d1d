namespace Idiolect.Recipes;

/// <summary>Whoever hears a run's progress threw an <see cref="IOException"/>, such as a closed pipe or a full disk; the run was saved and ended.</summary>
/// <param name="lost">What was thrown.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="step">The steps that are saved.</param>
public sealed class ProgressLostException(IOException lost, string folder, long step)
    : IOException($"{lost.Message}; saved after step {step}", lost)
{
    /// <summary>The run's folder.</summary>
    public string Folder { get; } = folder;

    /// <summary>The steps that are saved.</summary>
    public long Step { get; } = step;
}
