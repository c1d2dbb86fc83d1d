using System.Text.Json;
using System.Text.Json.Nodes;

namespace Idiolect.Training;

/// <summary>Finds out what a resumed run does not have in common with the run that was saved.</summary>
internal static class RunChanges
{
    /// <summary>Decide when a run is measured, saved and ended, but not what a step does.</summary>
    private static readonly HashSet<string> WithoutEffect =
    [
        nameof(TrainingOptions.EvaluateEvery), nameof(TrainingOptions.EvaluationBatches), nameof(TrainingOptions.CheckpointEvery),
        nameof(TrainingOptions.KeepCheckpoints), nameof(TrainingOptions.EarlyStopPatience),
    ];

    /// <summary>What changed between a checkpoint and what goes on from it.</summary>
    internal static IReadOnlyList<RunChange> Between(TrainingState state, TrainingOptions options, string dataHash)
    {
        var (before, now) = (Fields(state.Options), Fields(options));
        var changes = before.Keys.Where(name => before[name] != now[name] && Matters(name, options.Schedule))
            .Select(name => new RunChange(name, before[name], now[name])).ToList();
        if (state.DataHash != dataHash)
        {
            changes.Add(new RunChange("Data", state.DataHash, dataHash));
        }
        return changes;
    }

    /// <summary>The number of steps matters where the learning rate falls toward the last one.</summary>
    private static bool Matters(string name, ScheduleShape schedule)
        => !WithoutEffect.Contains(name)
            && (name != nameof(TrainingOptions.Steps) || schedule is not (ScheduleShape.Constant or ScheduleShape.InverseSquareRoot));

    /// <summary>The options that a checkpoint stores, by the names of their properties.</summary>
    private static Dictionary<string, string> Fields(TrainingOptions options)
        => ((JsonObject)JsonSerializer.SerializeToNode(options, TrainingJson.Default.TrainingOptions)!)
            .ToDictionary(field => Property(field.Key), field => field.Value?.ToString() ?? "null");

    /// <summary>learning_rate to LearningRate; l1 to L1.</summary>
    private static string Property(string name) => string.Concat(name.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
