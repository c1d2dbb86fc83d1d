using System.Text.Json.Serialization;

namespace Idiolect.Lab;

/// <summary>One run from one seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Value">The deciding number; not a number where the run had none.</param>
/// <param name="Controls">What a fair comparison needs.</param>
/// <param name="Conditions">What the claim needs beside the number.</param>
/// <param name="Figures">Further numbers.</param>
public sealed record SeedResult(
    ulong Seed, double Value, IReadOnlyList<Condition> Controls, IReadOnlyList<Condition> Conditions, IReadOnlyList<Figure> Figures);

/// <summary>What an experiment found: <c>NAME.json</c> in the folder of results.</summary>
/// <param name="Name">The experiment.</param>
/// <param name="Verdict">What was decided.</param>
/// <param name="Value">The median of the runs' deciding numbers.</param>
/// <param name="Threshold">What decided.</param>
/// <param name="Quick">Whether it ran at the cut-down size: then it proves nothing.</param>
/// <param name="Seconds">How long all runs took.</param>
/// <param name="Seeds">The runs.</param>
/// <param name="Charts">The names of the pictures, without extension.</param>
public sealed record ExperimentResult(
    string Name, Verdict Verdict, double Value, double Threshold, bool Quick, double Seconds, IReadOnlyList<SeedResult> Seeds,
    IReadOnlyList<string> Charts);

[JsonSerializable(typeof(ExperimentResult))]
[JsonSourceGenerationOptions(
    WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
internal sealed partial class ResultJson : JsonSerializerContext;
