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
        TrainingFinished estimated, Recipe recipe, string folder, RunSession session, Corpus corpus, TrainingData data, CancellationToken cancellationToken)
    {
        if (data.Validation is null)
        {
            return estimated;
        }
        session.Report(new WorkAnnounced(estimated.Step, "measuring the best checkpoint on all of the held-out text"));
        Measurement measured;
        using (var best = ModelLocation.Open(folder, LanguageModel.Load))
        {
            measured = Measurement.Take(best, data.Validation, batches: 0, recipe.Threads ?? 0, cancellationToken);
        }
        return estimated with
        {
            ValidationLoss = measured.Result.Loss,
            BitsPerByte = measured.Result.BitsPerByte,
            MeasuredBytes = measured.Bytes,
            Baselines = recipe.Evaluation.Baselines ? MeasureBaselines(estimated.Step, session, corpus, cancellationToken) : [],
        };
    }

    private static BaselineResult[] MeasureBaselines(long step, RunSession session, Corpus corpus, CancellationToken cancellationToken)
    {
        session.Report(new WorkAnnounced(step, "measuring the baselines: xz and a byte n-gram"));
        var xz = XzBaseline.MeasureAsync(corpus, cancellationToken: cancellationToken);
        var nGram = NGramBaseline.Measure(corpus, cancellationToken: cancellationToken);
        return [xz.GetAwaiter().GetResult(), nGram];
    }
}
