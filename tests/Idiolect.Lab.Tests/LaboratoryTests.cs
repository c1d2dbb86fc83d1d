using System.Text.Json;

using Idiolect.Lab.Experiments;
using Idiolect.Lab.Tasks;
using Idiolect.Models;

namespace Idiolect.Lab.Tests;

public sealed class LaboratoryTests
{
    [Fact, Trait("Lane", "Full")]
    public void All_experiments_run_quickly_and_make_a_report()
    {
        using var folder = new TemporaryFolder();

        var results = Laboratory.Run(
            Laboratory.Experiments, quick: true, seed: 1, folder.Path, cancellationToken: TestContext.Current.CancellationToken);

        var names = Laboratory.Experiments.Select(experiment => experiment.Protocol.Name).ToArray();
        Assert.Equal(names, results.Select(result => result.Name));
        var markdown = File.ReadAllText(folder["report.md"]);
        var html = File.ReadAllText(folder["report.html"]);
        Assert.DoesNotContain("=\"http", html, StringComparison.Ordinal); // self-contained
        Assert.All(names, name =>
        {
            Assert.Contains($"\n## {name}\n", markdown, StringComparison.Ordinal);
            Assert.Contains($"alt=\"{name}\" src=\"data:image/svg+xml;base64,", html, StringComparison.Ordinal);
            Assert.True(new FileInfo(folder[name + ".png"]).Length > 1000);
        });

        // Facts that no size and no seed changes.
        Assert.Equal(0, FigureOf(folder.Path, "causal-mask", CausalMask.FutureGradient));
        Assert.InRange(FigureOf(folder.Path, "attention-cost", AttentionCost.NaiveMemory), 1.9, 2.1);
    }

    [Fact]
    public void Before_training_and_with_answers_shuffled_examples_tell_nothing()
    {
        var seen = new InContext().Run(new Bench(quick: true, seed: 5, cancellationToken: TestContext.Current.CancellationToken));

        Assert.Equal(2, seen.Controls.Count);
        Assert.All(seen.Controls, control => Assert.True(control.Holds, control.Text));
    }

    [Fact, Trait("Lane", "Full")]
    public void A_language_model_that_diverges_before_the_first_look_is_infinitely_bad()
    {
        var trial = FamilyLanguageModels.Train(
            new Bench(quick: true, seed: 1, cancellationToken: TestContext.Current.CancellationToken), MakeSpoiltModel, rate: 1e-2, _ => { });

        Assert.Equal([double.PositiveInfinity], trial.Result.Bits);
        Assert.Equal(double.NaN, trial.Quality);

        static Gpt MakeSpoiltModel()
        {
            var model = new Gpt(GptConfig.Gpt2(DocumentationBytes.Vocabulary, contextLength: 64, layerCount: 1, headCount: 1, width: 8));
            var embedding = model.Parameters.All[0];
            embedding.Assign([.. Enumerable.Repeat(float.NaN, embedding.Values.Length)]);
            return model;
        }
    }

    [Fact]
    public void A_transformer_that_diverges_before_the_first_look_understands_nothing()
    {
        var trial = Grokking.Train(
            new Bench(quick: true, seed: 1, cancellationToken: TestContext.Current.CancellationToken), width: 64, decay: 1e30, most: 36, _ => { });

        Assert.Equal([0.0], trial.Test);
    }

    [Fact]
    public void All_translators_have_as_many_parameters()
    {
        var counts = FamilyTranslation.Arms(seed: 1).Select(arm =>
        {
            using var model = arm.Make();
            return model.Parameters.Count;
        }).ToArray();

        Assert.InRange(counts.Max(), counts.Min(), 1.04 * counts.Min());
    }

    [Fact, Trait("Lane", "Full")]
    public void What_is_finished_stays_when_the_rest_is_cancelled()
    {
        using var folder = new TemporaryFolder();
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        var progress = new CancelAfterFirst(cancellation);

        Assert.Throws<OperationCanceledException>(() => Laboratory.Run(
            [new Superposition(), new Induction()], quick: true, seed: 1, folder.Path, progress, cancellationToken: cancellation.Token));

        Assert.True(File.Exists(folder["superposition.json"]));
        Assert.False(File.Exists(folder["induction.json"]));
        Assert.Contains("## superposition", File.ReadAllText(folder["report.md"]), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Verdict.Shown, 2, 3, 4)]
    [InlineData(Verdict.Refuted, 0, 1, 0.5)]
    [InlineData(Verdict.Undecided, 0, 3, 4)]
    [InlineData(Verdict.Undecided, double.NaN, 3, 4)]
    public void Three_seeds_that_agree_decide(Verdict expected, double a, double b, double c)
    {
        var protocol = new CausalMask().Protocol with { Threshold = 2, Side = Side.AtLeast };
        SeedResult Seed(double value, bool control = true, bool condition = true)
            => new(1, value, [new Condition("control", control)], [new Condition("condition", condition)], []);

        Assert.Equal(expected, Jury.Decide(protocol, [Seed(a), Seed(b), Seed(c)], wanted: 3));
        Assert.Equal(Verdict.Undecided, Jury.Decide(protocol, [Seed(a), Seed(b)], wanted: 3));
        Assert.Equal(Verdict.Undecided, Jury.Decide(protocol, [Seed(a, control: false), Seed(b), Seed(c)], wanted: 3));
        Assert.Equal(Verdict.Undecided, Jury.Decide(protocol, [Seed(a), Seed(b), Seed(c, condition: false)], wanted: 3));
    }

    [Fact]
    public void The_interval_of_a_mean_is_Students()
    {
        // Of 1, 2, 3: mean 2, standard deviation 1, and t is 4.302653 with two degrees of freedom.
        var (mean, low, high) = Jury.Interval([1, 2, 3])!.Value;

        Assert.Equal((2, 2 - (4.302653 / Math.Sqrt(3)), 2 + (4.302653 / Math.Sqrt(3))), (mean, Math.Round(low, 6), Math.Round(high, 6)), Within(1e-6));
        Assert.Null(Jury.Interval([1]));
        Assert.Null(Jury.Interval([1, double.NaN]));

        static IEqualityComparer<(double, double, double)> Within(double tolerance) => EqualityComparer<(double, double, double)>.Create(
            (a, b) => Math.Abs(a.Item1 - b.Item1) < tolerance && Math.Abs(a.Item2 - b.Item2) < tolerance && Math.Abs(a.Item3 - b.Item3) < tolerance);
    }

    [Fact]
    public void All_experiments_together_ask_for_at_most_ninety_minutes()
        => Assert.InRange(Laboratory.Experiments.Sum(experiment => experiment.Protocol.Minutes), Laboratory.Experiments.Count * 0.1, 90);

    [Fact, Trait("Lane", "Full")]
    public void A_seed_that_is_finished_is_kept_and_gives_the_same_result()
    {
        using var folder = new TemporaryFolder();
        var news = new List<LabProgress>();
        var progress = new Listener(news);
        ExperimentResult Run(bool again = false, ulong seed = 1)
            => Assert.Single(Laboratory.Run([new Superposition()], quick: true, seed, folder.Path, progress, again, TestContext.Current.CancellationToken));

        var first = Run();
        var picture = File.ReadAllBytes(folder["superposition.png"]);
        Assert.DoesNotContain(news, each => each is SeedKept);
        var second = Run();

        Assert.Equal(new SeedKept("superposition", 1), Assert.Single(news.OfType<SeedKept>()));
        Assert.Equal((first.Value, first.Seconds, first.Verdict), (second.Value, second.Seconds, second.Verdict));
        Assert.Equal(first.Seeds[0].Figures, second.Seeds[0].Figures);
        Assert.Equal(picture, File.ReadAllBytes(folder["superposition.png"]));

        news.Clear();
        Run(again: true);
        Run(seed: 2);
        var file = Directory.EnumerateFiles(folder["seeds"]).Order().First();
        File.WriteAllText(file, File.ReadAllText(file).Replace("\"maker\":\"", "\"maker\":\"f", StringComparison.Ordinal)); // another build's
        Run();
        File.WriteAllText(file, "{");
        Run();
        Assert.Empty(news.OfType<SeedKept>());
    }

    [Fact]
    public void A_report_of_nothing_is_refused()
    {
        using var folder = new TemporaryFolder();

        Assert.Contains("run an experiment first", Assert.Throws<FileNotFoundException>(() => Laboratory.WriteReport(folder.Path)).Message, StringComparison.Ordinal);
    }

    private sealed class Listener(List<LabProgress> news) : IProgress<LabProgress>
    {
        public void Report(LabProgress value) => news.Add(value);
    }

    private sealed class CancelAfterFirst(CancellationTokenSource source) : IProgress<LabProgress>
    {
        public void Report(LabProgress value)
        {
            if (value is ExperimentFinished)
            {
                source.Cancel();
            }
        }
    }

    private static double FigureOf(string folder, string experiment, string figure)
    {
        using var json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, experiment + ".json")));
        return json.RootElement.GetProperty("seeds")[0].GetProperty("figures").EnumerateArray()
            .Single(entry => entry.GetProperty("name").GetString() == figure).GetProperty("value").GetDouble();
    }
}
