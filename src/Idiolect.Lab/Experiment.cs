namespace Idiolect.Lab;

/// <summary>On which side of the threshold the claim holds.</summary>
public enum Side
{
    /// <summary>The claim needs a value of at least the threshold.</summary>
    AtLeast,

    /// <summary>The claim needs a value of at most the threshold.</summary>
    AtMost,
}

/// <summary>What an experiment says before it runs. Nothing of it is changed by a result; a later change is listed in <see cref="Changes"/>.</summary>
public sealed record Protocol
{
    /// <summary>The word by which it is run.</summary>
    public required string Name { get; init; }

    /// <summary>The claim, in one sentence.</summary>
    public required string Claim { get; init; }

    /// <summary>The place in docs/essay.md.</summary>
    public required string Essay { get; init; }

    /// <summary>The paper that showed it first or most clearly.</summary>
    public required string Paper { get; init; }

    /// <summary>Data, models, tuning and controls.</summary>
    public required string Setup { get; init; }

    /// <summary>What the deciding number is.</summary>
    public required string Measure { get; init; }

    /// <summary>What decides.</summary>
    public required double Threshold { get; init; }

    /// <summary>On which side of it the claim holds.</summary>
    public Side Side { get; init; } = Side.AtLeast;

    /// <summary>How long all its runs take on two idle cores; printed before they begin.</summary>
    public required double Minutes { get; init; }

    /// <summary>Where the essay is loose or wrong about it; null where it is neither.</summary>
    public string? Correction { get; init; }

    /// <summary>Changes to set-up or threshold after the first full run, with the reason.</summary>
    public IReadOnlyList<string> Changes { get; init; } = [];

    /// <summary>Whether the value is on the claim's side.</summary>
    public bool IsMetBy(double value) => Side == Side.AtLeast ? value >= Threshold : value <= Threshold;
}

/// <summary>One claim, put to the test.</summary>
public abstract class Experiment
{
    /// <summary>The claim, and how it is decided.</summary>
    public abstract Protocol Protocol { get; }

    /// <summary>Runs it once, from one seed.</summary>
    internal abstract Observation Run(Bench bench);
}
