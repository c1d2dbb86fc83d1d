using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>The end of a run of a model that predicts the next token.</summary>
internal static class HeldOut
{
    /// <summary>Measures the best checkpoint on all of the validation text, and the baselines beside it where the recipe asks for them.</summary>
    internal static TrainingFinished Measure(
        TrainingEnded ended, Recipe recipe, string folder, RunSession session, Corpus corpus, TrainingData data, CancellationToken cancellationToken)
    {
        if (data.Validation is null)
        {
            return Finished(ended, recipe, folder, double.NaN, double.NaN);
        }
        session.Report(new WorkAnnounced(ended.Step, "measuring the best checkpoint on all of the held-out text"));
        Measurement measured;
        using (var best = ModelLocation.Open(folder, LanguageModel.Load))
        {
            measured = Measurement.Take(best, data.Validation, batches: 0, recipe.Threads ?? 0, cancellationToken);
        }
        return Finished(ended, recipe, folder, measured.Result.Loss, measured.Result.BitsPerByte) with
        {
            MeasuredBytes = measured.Bytes,
            Baselines = recipe.Evaluation.Baselines ? MeasureBaselines(ended, session, corpus, cancellationToken) : [],
        };
    }

    private static BaselineResult[] MeasureBaselines(TrainingEnded ended, RunSession session, Corpus corpus, CancellationToken cancellationToken)
    {
        session.Report(new WorkAnnounced(ended.Step, "measuring the baselines: xz and a byte n-gram"));
        var xz = XzBaseline.MeasureAsync(corpus, cancellationToken: cancellationToken);
        var nGram = NGramBaseline.Measure(corpus, cancellationToken: cancellationToken);
        return [xz.GetAwaiter().GetResult(), nGram];
    }

    private static TrainingFinished Finished(TrainingEnded ended, Recipe recipe, string folder, double validationLoss, double bitsPerByte) => new(ended.Step)
    {
        Run = folder,
        Task = recipe.Task,
        ValidationLoss = validationLoss,
        BitsPerByte = bitsPerByte,
        TrainTime = TimeSpan.FromSeconds(ended.TrainSeconds),
        Reason = ended.Reason,
    };
}
