using System.Diagnostics;
using Idiolect.Lab.Experiments;
using Idiolect.Lab.Plots;
using Idiolect.Lab.Reports;

namespace Idiolect.Lab;

/// <summary>Runs experiments and writes their pictures, their results and the report of all results in the folder.</summary>
public static class Laboratory
{
    /// <summary>Runs that have to agree before anything is decided.</summary>
    private const int Seeds = 3;

    /// <summary>All experiments, in the order of the report.</summary>
    public static IReadOnlyList<Experiment> Experiments { get; } =
    [
        new CausalMask(),
        new AttentionCost(),
        new Superposition(),
        new DoubleDescent(),
        new QueryKey(),
        new Induction(),
        new Recall(),
        new ResidualStream(),
        new Normalisation(),
        new Regularisation(),
        new Vanishing(),
        new Parallelism(),
        new Grokking(),
        new InContext(),
        new ScaleLaw(),
        new ContextVector(),
        new FromNothing(),
        new PreTraining(),
        new FamilyLanguageModels(),
        new FamilyTranslation(),
    ];

    /// <summary>Runs experiments one after the other. What is finished when it is cancelled stays.</summary>
    /// <param name="experiments">Which.</param>
    /// <param name="quick">Whether to cut the sizes down to seconds and run one seed: a test of the machinery, no evidence.</param>
    /// <param name="seed">The first seed.</param>
    /// <param name="folder">Where results go; those of other experiments that are there already stay in the report.</param>
    /// <param name="progress">Hears the news, in this thread.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static IReadOnlyList<ExperimentResult> Run(
        IReadOnlyList<Experiment> experiments, bool quick, ulong seed, string folder, IProgress<LabProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        Directory.CreateDirectory(folder);
        var results = new List<ExperimentResult>();
        foreach (var experiment in experiments)
        {
            var result = Run(experiment, quick, seed, folder, progress, cancellationToken);
            results.Add(result);
            progress?.Report(new ExperimentFinished(result.Name, result));
        }
        return results;
    }

    private static ExperimentResult Run(
        Experiment experiment, bool quick, ulong firstSeed, string folder, IProgress<LabProgress>? progress, CancellationToken cancellationToken)
    {
        var protocol = experiment.Protocol;
        var runs = quick ? 1 : Seeds;
        var watch = Stopwatch.StartNew();
        var observations = new List<Observation>();
        var seeds = new List<SeedResult>();
        ExperimentResult result = null!;
        for (var run = 0; run < runs; run++)
        {
            var done = run;
            var bench = new Bench(
                quick, firstSeed + (ulong)run,
                fraction => progress?.Report(new ExperimentAdvanced(protocol.Name, (done + fraction) / runs)), cancellationToken);
            bench.Advance(0);
            var seen = experiment.Run(bench);
            observations.Add(seen);
            seeds.Add(new SeedResult(bench.Seed, seen.Value, seen.Controls, seen.Conditions, seen.Figures));
            // After each seed, so that what is finished stays when the rest is cancelled; too few seeds decide nothing.
            result = new ExperimentResult(
                protocol.Name, Jury.Decide(protocol, seeds, runs), Median(seeds.Select(seed => seed.Value)), protocol.Threshold, quick,
                watch.Elapsed.TotalSeconds, [.. seeds], DrawCharts(protocol.Name, observations, folder));
            ResultFolder.Write(folder, result);
            ReportFiles.Write(folder, Experiments);
        }
        return result;
    }

    private static List<string> DrawCharts(string experiment, List<Observation> observations, string folder)
    {
        var charts = new List<string>();
        for (var i = 0; i < observations[0].Charts.Count; i++)
        {
            var name = i == 0 ? experiment : $"{experiment}-{i + 1}";
            ChartDrawing.Save(Chart.Mean([.. observations.Select(seen => seen.Charts[i])]), Path.Combine(folder, name));
            charts.Add(name);
        }
        return charts;
    }

    internal static double Median(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
