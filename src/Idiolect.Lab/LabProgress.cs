namespace Idiolect.Lab;

/// <summary>News of the laboratory.</summary>
/// <param name="Name">The experiment.</param>
public abstract record LabProgress(string Name);

/// <summary>An experiment goes on.</summary>
/// <param name="Name">The experiment.</param>
/// <param name="Fraction">How much of it is done, from 0 to 1.</param>
public sealed record ExperimentAdvanced(string Name, double Fraction) : LabProgress(Name);

/// <summary>An experiment is finished, its files are written.</summary>
/// <param name="Name">The experiment.</param>
/// <param name="Result">What it found.</param>
public sealed record ExperimentFinished(string Name, ExperimentResult Result) : LabProgress(Name);

/// <summary>A seed was finished in the folder already.</summary>
/// <param name="Name">The experiment.</param>
/// <param name="Seed">The seed.</param>
public sealed record SeedKept(string Name, ulong Seed) : LabProgress(Name);
