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

    /// <summary>Runs experiments one after the other. What is finished when it is cancelled stays, and the next call with the same seed and folder goes on there.</summary>
    /// <param name="experiments">Which.</param>
    /// <param name="quick">Whether to cut the sizes down to seconds and run one seed: a test of the machinery, no evidence.</param>
    /// <param name="seed">The first seed.</param>
    /// <param name="folder">Where results go; those of other experiments that are there already stay in the report.</param>
    /// <param name="progress">Hears the news, in this thread.</param>
    /// <param name="cancellationToken">Ends the work.</param>
    /// <param name="again">Whether seeds that are finished in the folder are run once more; those of another build of the lab always are.</param>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static IReadOnlyList<ExperimentResult> Run(
        IReadOnlyList<Experiment> experiments, bool quick, ulong seed, string folder, IProgress<LabProgress>? progress = null, bool again = false,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(experiments);
        Directory.CreateDirectory(folder);
        var results = new List<ExperimentResult>();
        foreach (var experiment in experiments)
        {
            var result = Run(experiment, quick, seed, folder, progress, again, cancellationToken);
            results.Add(result);
            progress?.Report(new ExperimentFinished(result.Name, result));
        }
        return results;
    }

    private static ExperimentResult Run(
        Experiment experiment, bool quick, ulong firstSeed, string folder, IProgress<LabProgress>? progress, bool again, CancellationToken cancellationToken)
    {
        var protocol = experiment.Protocol;
        var runs = quick ? 1 : Seeds;
        var seconds = 0.0;
        var observations = new List<Observation>();
        var seeds = new List<SeedResult>();
        ExperimentResult result = null!;
        for (var run = 0; run < runs; run++)
        {
            var (done, seed) = (run, firstSeed + (ulong)run);
            cancellationToken.ThrowIfCancellationRequested();
            if (again || SeedFile.Read(folder, protocol.Name, seed, quick) is not { } file)
            {
                var watch = Stopwatch.StartNew();
                var bench = new Bench(quick, seed, fraction => progress?.Report(new ExperimentAdvanced(protocol.Name, (done + fraction) / runs)), cancellationToken);
                bench.Advance(0);
                var observation = experiment.Run(bench);
                file = new SeedFile(SeedFile.MakerOf(quick), watch.Elapsed.TotalSeconds, observation);
                SeedFile.Write(folder, protocol.Name, seed, file);
            }
            else
            {
                progress?.Report(new SeedKept(protocol.Name, seed));
            }
            var seen = file.Seen;
            seconds += file.Seconds;
            observations.Add(seen);
            seeds.Add(new SeedResult(seed, seen.Value, seen.Controls, seen.Conditions, seen.Figures));
            // After each seed, so that what is finished stays when the rest is cancelled; too few seeds decide nothing.
            result = new ExperimentResult(
                protocol.Name, Jury.Decide(protocol, seeds, runs), Median(seeds.Select(each => each.Value)), protocol.Threshold, quick,
                seconds, [.. seeds], DrawCharts(protocol.Name, observations, folder));
            ResultFolder.Write(folder, result);
            ReportFiles.Write(folder, Experiments);
        }
        return result;
    }

    /// <summary>Writes the report of the results in a folder anew.</summary>
    /// <param name="folder">The folder.</param>
    /// <returns>The path of the page: one file, pictures included.</returns>
    /// <exception cref="FileNotFoundException">There is no result.</exception>
    /// <exception cref="InvalidDataException">A result is none of ours.</exception>
    /// <exception cref="IOException">The folder cannot be written.</exception>
    public static string WriteReport(string folder)
    {
        if (!Experiments.Any(experiment => File.Exists(Path.Combine(folder, experiment.Protocol.Name + ".json"))))
        {
            throw new FileNotFoundException($"There is no result of the lab in {folder}: run an experiment first.", folder);
        }
        ReportFiles.Write(folder, Experiments);
        return Path.Combine(folder, ReportFiles.Html);
    }

    private static List<string> DrawCharts(string experiment, List<Observation> observations, string folder)
    {
        var charts = new List<string>();
        for (var i = 0; i < observations[0].Charts.Count; i++)
        {
            var name = i == 0 ? experiment : $"{experiment}-{i + 1}";
            ChartDrawing.Save(Chart.Overlay([.. observations.Select(seen => seen.Charts[i])]), Path.Combine(folder, name));
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
