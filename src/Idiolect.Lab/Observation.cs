using Idiolect.Lab.Plots;

namespace Idiolect.Lab;

/// <summary>Something that must hold beside the deciding number.</summary>
/// <param name="Text">What, with its numbers.</param>
/// <param name="Holds">Whether it does.</param>
public sealed record Condition(string Text, bool Holds);

/// <summary>A number worth reporting.</summary>
/// <param name="Name">What it is.</param>
/// <param name="Value">The number.</param>
public sealed record Figure(string Name, double Value);

/// <summary>What one run of an experiment saw.</summary>
internal sealed record Observation
{
    /// <summary>The deciding number.</summary>
    public required double Value { get; init; }

    /// <summary>What a fair comparison needs, such as a baseline that can do the easy case. Where one fails nothing is decided.</summary>
    public IReadOnlyList<Condition> Controls { get; init; } = [];

    /// <summary>What the claim needs beside the deciding number.</summary>
    public IReadOnlyList<Condition> Conditions { get; init; } = [];

    public IReadOnlyList<Figure> Figures { get; init; } = [];

    /// <summary>The first one is the experiment's picture.</summary>
    public required IReadOnlyList<Chart> Charts { get; init; }
}
