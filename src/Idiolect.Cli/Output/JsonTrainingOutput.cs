using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Cli.Output;

/// <summary>Every event as a JSON line: <c>train --json</c>.</summary>
internal sealed class JsonTrainingOutput(TextWriter output) : ITrainingOutput
{
    private readonly JsonLines lines = new(output);
    private double? peakTokensPerSecond;

    public Task RunAsync(Func<Task> work) => work();

    public void Report(TrainingProgress value)
    {
        switch (value)
        {
            case TrainingStarted started:
                peakTokensPerSecond = started.PeakTokensPerSecond;
                Write(started);
                break;
            case FileSkipped file:
                lines.Write("fileSkipped", json =>
                {
                    json.WriteString("file", file.Name);
                    json.WriteString("reason", file.Reason);
                });
                break;
            case PairsDivided pairs:
                lines.Write("corpus", json =>
                {
                    json.WriteNumber("trainPairs", pairs.Corpus.Training.Count);
                    json.WriteNumber("valPairs", pairs.Corpus.Validation.Count);
                    json.WriteNumber("testPairs", pairs.Corpus.Test.Count);
                    json.WriteString("split", pairs.Split);
                    json.WriteNumber("overlap", pairs.Overlap);
                    json.WriteString("hash", pairs.Corpus.Hash);
                });
                break;
            case SentenceTranslated sentence:
                lines.Write("translation", json =>
                {
                    json.WriteString("source", sentence.Source);
                    json.WriteString("translation", sentence.Translation);
                    json.WriteString("reference", sentence.Reference);
                });
                break;
            case StepCompleted step:
                lines.Write("step", json =>
                {
                    json.WriteNumber("step", step.Step);
                    json.WriteFinite("loss", step.Loss);
                    json.WriteFinite("ms", Math.Round(step.Milliseconds, 3));
                    json.WriteFinite("tokensPerSecond", Math.Round(step.TokensPerSecond, 1));
                    json.WriteFinite("learningRate", step.LearningRate);
                    json.WriteFinite("gradientNorm", step.GradientNorm);
                    json.WriteFinite("mfu", step.TokensPerSecond / peakTokensPerSecond);
                });
                break;
            case EvaluationCompleted evaluation:
                lines.Write("eval", json =>
                {
                    json.WriteNumber("step", evaluation.Step);
                    json.WriteFinite("trainLoss", evaluation.TrainLoss);
                    json.WriteFinite("valLoss", evaluation.ValidationLoss);
                    json.WriteFinite("bitsPerByte", evaluation.BitsPerByte);
                    if (evaluation.Accuracy is { } share)
                    {
                        json.WriteFinite("accuracy", share);
                    }
                    json.WriteBoolean("best", evaluation.IsBest);
                });
                break;
            case TextSampled sample:
                lines.Write("sample", json =>
                {
                    json.WriteNumber("step", sample.Step);
                    json.WriteString("text", sample.Text);
                });
                break;
            case CheckpointSaved saved:
                lines.Write("checkpoint", json =>
                {
                    json.WriteNumber("step", saved.Step);
                    json.WriteString("path", saved.Path);
                });
                break;
            case StepSkipped skipped:
                lines.Write("skipped", json =>
                {
                    json.WriteNumber("step", skipped.Step);
                    json.WriteString("tensor", skipped.Tensor);
                    json.WriteString("reason", skipped.Reason);
                });
                break;
            case MetricsDamaged metrics:
                lines.Write("metricsDamaged", json =>
                {
                    json.WriteNumber("step", metrics.Step);
                    json.WriteStartArray("lines");
                    foreach (var line in metrics.Lines)
                    {
                        json.WriteNumberValue(line);
                    }
                    json.WriteEndArray();
                });
                break;
            case CheckpointDamaged damaged:
                lines.Write("damaged", json =>
                {
                    json.WriteNumber("step", damaged.Step);
                    json.WriteString("path", damaged.Path);
                    json.WriteString("reason", damaged.Reason);
                });
                break;
            case RunChanged changed:
                lines.Write("changed", json =>
                {
                    json.WriteNumber("step", changed.Step);
                    json.WriteStartObject("changes");
                    foreach (var change in changed.Changes)
                    {
                        json.WriteStartObject(change.Name);
                        json.WriteString("before", change.Before);
                        json.WriteString("now", change.Now);
                        json.WriteEndObject();
                    }
                    json.WriteEndObject();
                    json.WriteBoolean("sameBits", false);
                });
                break;
            case TrainingFinished finished:
                Write(finished);
                break;
        }
    }

    private void Write(TrainingStarted started) => lines.Write("start", json =>
    {
        var recipe = started.Recipe;
        json.WriteNumber("parameters", started.Parameters);
        json.WriteString("run", started.Run);
        json.WriteString("preset", recipe.PresetName);
        json.WriteString("data", recipe.Data.Source);
        json.WriteString("tokenizer", recipe.Tokenizer.Kind);
        json.WriteNumber("vocab", started.VocabularySize);
        json.WriteString("architecture", recipe.ModelName);
        json.WriteNumber("layers", recipe.Model.LayerCount);
        if (!recipe.IsRecurrent && !recipe.IsNGram)
        {
            json.WriteNumber("heads", recipe.Model.HeadCount);
        }
        json.WriteNumber("width", recipe.Model.Width);
        json.WriteNumber("context", recipe.Model.ContextLength);
        json.WriteNumber("batch", recipe.Optimizer.BatchSize);
        json.WriteNumber("steps", recipe.Optimizer.Steps);
        json.WriteNumber("stepsDone", started.Step);
        json.WriteNumber("documents", started.Documents);
        json.WriteNumber("bytes", started.Bytes);
        json.WriteNumber("trainTokens", started.TrainTokens);
        json.WriteNumber("valTokens", started.ValidationTokens);
        if (recipe.Classifies)
        {
            json.WriteNumber("trainTexts", started.TrainTexts);
            json.WriteNumber("labels", started.Labels.Count);
            json.WriteBoolean("freeze", recipe.Optimizer.HeadOnly);
        }
        json.WriteNumber("seed", recipe.Seed);
        json.WriteNumber("threads", started.Threads);
    });

    private void Write(TrainingFinished finished) => lines.Write(finished.Interrupted ? "interrupted" : "done", json =>
    {
        json.WriteString("run", finished.Run);
        json.WriteFinite("valLoss", finished.ValidationLoss);
        json.WriteFinite("bitsPerByte", finished.BitsPerByte);
        if (finished.Classification is { } classified)
        {
            ClassificationText.Write(json, classified);
        }
        else if (finished.Accuracy is { } share)
        {
            json.WriteFinite("accuracy", share);
        }
        json.WriteFinite("trainSeconds", Math.Round(finished.TrainTime.TotalSeconds, 3));
        json.WriteNumber("steps", finished.Step);
        if (finished.Translation is { } scores)
        {
            TranslationText.Write(json, scores);
        }
        if (finished.Interrupted)
        {
            json.WriteString("resume", TrainingText.ResumeCommand(finished.Run, TrainingText.Verb(finished.Task)));
        }
        if (finished.Baselines.Count > 0)
        {
            json.WriteStartObject("baselines");
            foreach (var baseline in finished.Baselines)
            {
                json.WriteFinite(baseline.Name, baseline.BitsPerByte);
            }
            json.WriteEndObject();
        }
    });
}
