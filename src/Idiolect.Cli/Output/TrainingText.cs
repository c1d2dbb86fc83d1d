using System.Globalization;

using Idiolect.Cli.Options;
using Idiolect.Cli.Runs;
using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Cli.Output;

/// <summary>The words in which a person reads a training run, at a terminal and in a pipe alike.</summary>
internal static class TrainingText
{
    internal static string ResumeCommand(string run, string verb = "train") => $"{CommandName.Current} {verb} --resume {Quote(run)}";

    /// <summary>The verb that begins and goes on with runs of a task.</summary>
    internal static string Verb(string task) => task == Recipe.ClassifyTask ? "tune" : "train";

    internal static IEnumerable<string> Start(TrainingStarted started)
    {
        var recipe = started.Recipe;
        yield return started.Step == 0
            ? $"run {started.Run}"
            : $"run {started.Run}, going on after step {ReadableText.Whole(started.Step)}";
        yield return $"{ReadableText.Whole(started.Parameters)} {(recipe.IsNGram ? "n-grams" : "parameters")}: {Shape(recipe)}";
        if (recipe.Classifies)
        {
            yield return $"{recipe.Data.Source}: {ReadableText.Whole(started.TrainTexts)} texts to learn from, {ReadableText.Whole(started.Documents - started.TrainTexts)} held out, "
                + $"{started.Labels.Count} labels{(recipe.Optimizer.HeadOnly ? "; the head alone learns" : "")}";
            yield return $"{ReadableText.Whole(recipe.Optimizer.Steps)} steps of {ReadableText.Whole(recipe.Optimizer.BatchSize)} texts "
                + $"({Invariant($"{(double)recipe.Optimizer.Steps * recipe.Optimizer.BatchSize / Math.Max(1, started.TrainTexts):0.##}")} epochs), {Plural(started.Threads, "thread")}";
            yield break;
        }
        yield return $"{recipe.Data.Source}: {Plural(started.Documents, "document")}, {ReadableText.Whole(started.Bytes)} bytes; {(recipe.Base is null ? recipe.Tokenizer.Kind : "the base model's")} vocabulary of "
            + $"{ReadableText.Whole(started.VocabularySize)}, {ReadableText.Whole(started.TrainTokens)} tokens to train on, {ReadableText.Whole(started.ValidationTokens)} held out";
        if (started.ValidationTokens == 0)
        {
            yield return "no text is held out, so there will be no validation loss: give more or other text";
        }
        if (recipe.IsNGram)
        {
            yield break;
        }
        var epochs = (double)recipe.Optimizer.Steps * recipe.TokensPerStep / Math.Max(1, started.TrainTokens);
        yield return $"{ReadableText.Whole(recipe.Optimizer.Steps)} steps of {ReadableText.Whole(recipe.TokensPerStep)} tokens ({Invariant($"{epochs:0.##}")} epochs), "
            + $"{recipe.Precision}, {Plural(started.Threads, "thread")}";
    }

    internal static string Shape(Recipe recipe)
        => recipe.IsNGram ? NGramShape(recipe.Model.Order)
        : recipe.IsRecurrent ? Shape(recipe.ModelName, recipe.Model.LayerCount, 0, 0, recipe.Model.Width, recipe.Model.ContextLength)
        : Shape(recipe.ModelName, recipe.Model.LayerCount, recipe.Model.HeadCount, recipe.Model.KeyValueHeadCount ?? recipe.Model.HeadCount, recipe.Model.Width, recipe.Model.ContextLength);

    internal static string NGramShape(int order) => $"ngram, up to {Plural(order, "token")}";

    /// <summary>A model's shape in words; a model without attention has no heads.</summary>
    internal static string Shape(string kind, int layers, int heads, int keyValueHeads, int width, int context)
    {
        var attention = heads == 0 ? "" : $"{heads} heads{(keyValueHeads == heads ? "" : $" ({keyValueHeads} for keys and values)")}, ";
        return $"{kind}, {Plural(layers, "layer")}, {attention}width {width}, context {context}";
    }

    internal static string Evaluation(EvaluationCompleted evaluation) => Invariant(
        $"step {evaluation.Step}: train loss {evaluation.TrainLoss:0.000}, validation loss {evaluation.ValidationLoss:0.000} ")
        + Invariant($"({(evaluation.Accuracy is { } share ? Invariant($"{100 * share:0.0}% right") : Invariant($"{evaluation.BitsPerByte:0.000} bits per byte"))}{(evaluation.IsBest ? ", best" : "")})");

    internal static string Skipped(StepSkipped skipped) =>
        $"step {skipped.Step} skipped: {skipped.Reason}; if this goes on, lower --lr or --grad-clip";

    internal static string Skipped(FileSkipped file) => $"passed over {file.Name}: {file.Reason}";

    internal static string Damaged(CheckpointDamaged damaged) =>
        $"the checkpoint of step {damaged.Step} is damaged ({damaged.Reason}); going on from the one before it";

    /// <summary>Lines of the metrics that were left out.</summary>
    internal static string Damaged(IReadOnlyList<int> lines)
        => $"{MetricsLog.FileName}: {(lines.Count == 1 ? "line" : "lines")} {string.Join(", ", lines.Take(5))}{(lines.Count > 5 ? ", ..." : "")} "
            + $"{(lines.Count == 1 ? "is" : "are")} damaged and left out";

    /// <summary>What is not as it was when the run was saved.</summary>
    internal static string Changed(RunChanged changed)
        => $"going on otherwise after step {ReadableText.Whole(changed.Step)}: {string.Join("; ", changed.Changes.Select(Say))}; the weights will not be the first run's";

    private static string Say(RunChange change) => change.Name switch
    {
        "Data" => "--data is another text",
        var name when FieldFlags.OfOption(name) is { } flag => $"{flag} is {change.Now} (was {change.Before})",
        _ => change.ToString(),
    };

    internal static string TokensPerSecond(double value) => Invariant($"{value:#,0} tokens/s");

    internal static string Peak(double? share) => share is { } known ? Invariant($"{100 * known:0}% of peak") : "";

    internal static string Clock(TimeSpan time) => time.TotalHours >= 1
        ? Invariant($"{(int)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}")
        : Invariant($"{(int)time.TotalMinutes}:{time.Seconds:00}");

    /// <summary>Rows of the table at the end.</summary>
    internal static IEnumerable<(string Name, string Value)> Result(TrainingFinished finished)
    {
        yield return ("steps", ReadableText.Whole(finished.Step));
        yield return ("training time", Clock(finished.TrainTime));
        var answer = finished.Accuracy is null ? "token" : finished.Task == Recipe.ClassifyTask ? "text" : "masked token";
        foreach (var row in finished.Classification is { } classified ? ClassificationText.Rows(classified) : [])
        {
            yield return row;
        }
        if (finished.Classification is null && double.IsFinite(finished.ValidationLoss))
        {
            yield return ("validation loss", Invariant($"{finished.ValidationLoss:0.0000} nats a {answer}"));
            if (finished.Accuracy is { } share)
            {
                yield return ("right", Invariant($"{100 * share:0.0}% of the {answer}s held out"));
            }
            if (double.IsFinite(finished.BitsPerByte))
            {
                yield return ("bits per byte", Invariant($"{finished.BitsPerByte:0.0000}")
                    + (finished.MeasuredBytes > 0 ? $" on {ReadableText.Whole(finished.MeasuredBytes)} bytes {(finished.Accuracy is null ? "held out" : "that were masked")}" : ""));
            }
        }
        if (finished.Reason == EndReason.EarlyStop)
        {
            yield return ("ended early", "the validation loss no longer fell");
        }
        foreach (var row in finished.Translation is { } scores ? TranslationText.Rows(scores) : [])
        {
            yield return row;
        }
        foreach (var baseline in finished.Baselines)
        {
            var bits = baseline.BitsPerByte is { } value ? Invariant($"{value:0.0000} bits per byte") : null;
            yield return ($"beside it: {baseline.Name}", string.Join("; ", new[] { bits, baseline.Note }.Where(part => part is not null)));
        }
    }

    internal static IEnumerable<string> Next(TrainingFinished finished)
    {
        if (finished.Interrupted)
        {
            yield return $"interrupted after step {ReadableText.Whole(finished.Step)} and saved; to go on:";
            yield return $"  {ResumeCommand(finished.Run, Verb(finished.Task))}";
            yield break;
        }
        var picture = Path.Combine(finished.Run, LossPlot.Name + ".svg");
        if (File.Exists(picture))
        {
            yield return $"loss curve: {picture}";
        }
        if (finished.Classification is not null && File.Exists(Path.Combine(finished.Run, ConfusionPlot.Name + ".svg")))
        {
            yield return $"confusion matrix: {Path.Combine(finished.Run, ConfusionPlot.Name + ".svg")}";
        }
        yield return "next:";
        yield return finished.Translation is not null
            ? $"  {CommandName.Current} translate {Quote(finished.Run)} --text {QuoteText(finished.Example ?? "The file could not be found.")}"
            : finished.Classification is not null
            ? $"  {CommandName.Current} classify {Quote(finished.Run)} --text {QuoteText(finished.Example ?? "Gets the number of rows of the table.")}"
            : finished.Accuracy is not null
            ? $"  {CommandName.Current} fill {Quote(finished.Run)} --text {QuoteText(finished.Example ?? "The file could not be [MASK].")}"
            : $"  {CommandName.Current} generate {Quote(finished.Run)}";
        if (!finished.IsComplete && finished.Reason != EndReason.EarlyStop)
        {
            yield return $"  {ResumeCommand(finished.Run, Verb(finished.Task))} --steps {2 * finished.Step}";
        }
    }

    private static string Plural(long count, string noun) => $"{ReadableText.Whole(count)} {noun}{(count == 1 ? "" : "s")}";

    /// <summary>A text as a shell takes it for one word; without what a terminal would obey.</summary>
    private static string QuoteText(string text)
    {
        var shown = ReadableText.Printable(text);
        return OperatingSystem.IsWindows() ? $"\"{shown.Replace("\"", "\\\"", StringComparison.Ordinal)}\"" : $"'{shown.Replace("'", @"'\''", StringComparison.Ordinal)}'";
    }

    /// <summary>A path as a shell takes it for one word.</summary>
    private static string Quote(string path)
        => OperatingSystem.IsWindows() ? path.Contains(' ', StringComparison.Ordinal) ? $"\"{path}\"" : path
        : path.All(c => char.IsAsciiLetterOrDigit(c) || "_./:=+-".Contains(c)) ? path
        : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
