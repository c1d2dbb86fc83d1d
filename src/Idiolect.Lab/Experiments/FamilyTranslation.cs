using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Lab.Plots;
using Idiolect.Recipes;

namespace Idiolect.Lab.Experiments;

/// <summary>The line of translators, from runs that <c>idiolect train --task translate</c> has left in the folder <c>runs</c>.</summary>
internal sealed class FamilyTranslation : Experiment
{
    private const string Runs = "runs";
    private const string WithAttention = "lstm-attention";
    private const string WithoutAttention = "lstm";

    private static readonly string[] Models = [WithoutAttention, WithAttention, "transformer", "gpt"];

    public override Protocol Protocol { get; } = new()
    {
        Name = "family-translation",
        Claim = "Attention makes the recurrent translator better, and the best translator beats looking up the nearest known sentence.",
        Essay = "The line of ancestors",
        Paper = "Sutskever et al. 2014; Bahdanau et al. 2015; Vaswani et al. 2017; Liu et al. 2018",
        Setup = "Saved runs from English to German on dotnet-resources in ./runs (idiolect train --task translate --model lstm, lstm-attention, transformer, gpt), the newest of each kind with the seed on the random-cluster split, all translating "
            + "the same test sentences; BLEU with a paired bootstrap of 1,000. Beside it: the source copied, and the translation of the nearest training sentence. Control: all four runs are there.",
        Changes =
        [
            "All seeds read the same four runs, so that three seeds agreed because they were one (6.71 three times). Each now reads the runs with its own --seed.",
        ],
        Measure = "lower end of the 95% interval of BLEU with attention minus BLEU without (LSTM)",
        Threshold = 0,
        Minutes = 0.5,
        Correction = "In the encoder-decoder, cross-attention sees the encoder's output only. On a corpus this small the LSTM with attention may be ahead of the transformer.",
    };

    internal override Observation Run(Bench bench)
    {
        var runs = bench.Quick ? [] : Find(Runs, bench.Seed, bench.CancellationToken);
        var missing = Models.Where(model => !runs.ContainsKey(model)).ToArray();
        var found = new Condition(
            missing.Length == 0 ? "all runs are there" : $"runs with --seed {bench.Seed} missing in ./{Runs}: {string.Join(", ", missing)}", missing.Length == 0);
        return missing.Length > 0
            ? new Observation { Value = double.NaN, Controls = [found], Charts = [Picture([], [])] }
            : Compare(runs, found);
    }

    private static Observation Compare(Dictionary<string, (string Source, string Target, string Translation)[]> runs, Condition found)
    {
        var sentences = runs[WithAttention];
        string[] references = [.. sentences.Select(sentence => sentence.Target)];
        var same = runs.Values.All(run => run.Select(sentence => sentence.Source).SequenceEqual(sentences.Select(sentence => sentence.Source)));
        if (!same)
        {
            return new Observation { Value = double.NaN, Controls = [found, new("all runs translate the same sentences", false)], Charts = [Picture([], [])] };
        }
        var corpus = ParallelCorpus.Load(ParallelCorpus.DotnetResources, new ParallelCorpusOptions());
        var index = new NearestSentence(corpus.Training);
        string[] nearest = [.. sentences.Select(sentence => index.Translate(sentence.Source, "de"))];
        var translations = Models.ToDictionary(model => model, model => (string[])[.. runs[model].Select(sentence => sentence.Translation)]);
        var bleu = Models.ToDictionary(model => model, model => PairedBootstrap.Bleu(translations[model], references));
        var best = Models.MaxBy(model => bleu[model].Value)!;
        var (copyBleu, nearestBleu) = (Bleu.Score([.. sentences.Select(sentence => sentence.Source)], references), Bleu.Score(nearest, references));
        var overNearest = PairedBootstrap.BleuDifference(translations[best], nearest, references);
        return new Observation
        {
            Value = PairedBootstrap.BleuDifference(translations[WithAttention], translations[WithoutAttention], references).Low,
            Controls = [found],
            Conditions = [new($"{best} over the nearest sentence: {Reports.Report.Number(overNearest.Value)} BLEU, interval from {Reports.Report.Number(overNearest.Low)}", overNearest.IsPositive)],
            Figures =
            [
                .. Models.SelectMany(model => new Figure[] { new($"BLEU, {model}", bleu[model].Value), new($"BLEU, {model}, from", bleu[model].Low), new($"BLEU, {model}, to", bleu[model].High) }),
                new("BLEU, source copied", copyBleu), new("BLEU, nearest training sentence", nearestBleu),
            ],
            Charts = [Picture([.. Models, "source copied", "nearest sentence"], [.. Models.Select(model => bleu[model].Value), copyBleu, nearestBleu])],
        };
    }

    private static Chart Picture(string[] names, double[] bleu) => new()
    {
        Title = "English to German, the same test sentences", XLabel = "system", YLabel = "BLEU", Categories = names,
        Series = [new("BLEU", [.. names.Select((_, i) => (double)i)], bleu) { PointsOnly = true }],
    };

    /// <summary>What the newest run of each kind of model with a seed translated.</summary>
    internal static Dictionary<string, (string Source, string Target, string Translation)[]> Find(string runs, ulong seed, CancellationToken cancellationToken)
    {
        var found = new Dictionary<string, (string, string, string)[]>();
        var folders = Directory.Exists(runs) ? new DirectoryInfo(runs).GetDirectories() : [];
        foreach (var folder in folders.OrderBy(folder => folder.LastWriteTimeUtc))
        {
            cancellationToken.ThrowIfCancellationRequested();
            var translations = Path.Combine(folder.FullName, Recipes.Run.TranslationsName);
            if (File.Exists(translations) && ModelOf(folder.FullName, seed) is { } model)
            {
                found[model] =
                    [.. File.ReadLines(translations).Select(line => line.Split('\t')).Where(parts => parts.Length == 3).Select(parts => (parts[0], parts[1], parts[2]))];
            }
        }
        return found;
    }

    /// <summary>The kind of model that a run trained, if it translates from English to German and has the seed.</summary>
    private static string? ModelOf(string folder, ulong seed)
    {
        try
        {
            return Recipes.Run.IsRun(folder) && Recipes.Run.Open(folder).ReadRecipe() is
            {
                Translates: true, Data: { From: "en", To: "de", Split: DataRecipe.ByCluster }
            } recipe && recipe.Seed == seed ? recipe.Model.Kind : null;
        }
        catch (Exception exception) when (exception is InvalidDataException or FileNotFoundException)
        {
            return null; // no run of ours
        }
    }
}
