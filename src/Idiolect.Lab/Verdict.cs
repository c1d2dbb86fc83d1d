using System.Text.Json.Serialization;

namespace Idiolect.Lab;

/// <summary>What an experiment says about its claim.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
public enum Verdict
{
    /// <summary>Runs disagree, or a control failed.</summary>
    [JsonStringEnumMemberName("undecided")]
    Undecided,

    /// <summary>Every run met the threshold and its conditions.</summary>
    [JsonStringEnumMemberName("shown")]
    Shown,

    /// <summary>No run did.</summary>
    [JsonStringEnumMemberName("refuted")]
    Refuted,
}

/// <summary>How runs become a verdict.</summary>
internal static class Jury
{
    /// <summary>Decides, once as many runs as are wanted have been made.</summary>
    internal static Verdict Decide(Protocol protocol, IReadOnlyList<SeedResult> seeds, int wanted)
    {
        if (seeds.Count < wanted || seeds.Any(seed => !double.IsFinite(seed.Value) || seed.Controls.Any(control => !control.Holds)))
        {
            return Verdict.Undecided;
        }
        var agreeing = seeds.Count(seed => protocol.IsMetBy(seed.Value) && seed.Conditions.All(condition => condition.Holds));
        return agreeing == seeds.Count ? Verdict.Shown : agreeing == 0 ? Verdict.Refuted : Verdict.Undecided;
    }
}
