namespace Idiolect.Lab;

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
