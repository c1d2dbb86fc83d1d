using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Models;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>What all runs on plain text have in common, those that take no steps included.</summary>
internal static class CorpusRun
{
    /// <summary>The text that the recipe names; what of it was passed over is told.</summary>
    internal static Corpus Read(Recipe recipe, RunSession session, CancellationToken cancellationToken)
    {
        var corpus = recipe.LoadCorpus(new ReadingProgress(session), cancellationToken);
        foreach (var skipped in corpus.Skipped)
        {
            session.Report(new FileSkipped(0, skipped.Name, skipped.Reason));
        }
        return corpus;
    }

    /// <summary>What is told of a run before its first step.</summary>
    internal static TrainingStarted Describe(
        Recipe recipe, string folder, IModelConfig model, Tokenizer tokenizer, Corpus corpus, TrainingData data) => new(0)
    {
        Run = folder,
        Recipe = recipe,
        Parameters = model.ParameterCount,
        VocabularySize = tokenizer.VocabularySize,
        Documents = corpus.Training.Count + corpus.Validation.Count,
        Bytes = corpus.TrainingBytes + corpus.ValidationBytes,
        TrainTokens = data.Training.TokenCount,
        ValidationTokens = data.Validation?.TokenCount ?? 0,
        Threads = recipe.Threads ?? Environment.ProcessorCount,
    };

    /// <summary>The text in tokens.</summary>
    /// <exception cref="InvalidDataException">It is shorter than the context.</exception>
    internal static TrainingData Encode(Recipe recipe, Corpus corpus, Tokenizer tokenizer, RunSession session, CancellationToken cancellationToken)
        => Ownership.HandOver(TrainingData.Encode(corpus, tokenizer, new ReadingProgress(session), cancellationToken), data =>
        {
            data.Training.RequireContext(recipe.Model.ContextLength);
            return data;
        });

    /// <summary>Tokens a second that this machine would reach if it did nothing but a model's multiplications.</summary>
    internal static double PeakTokensPerSecond(Recipe recipe, double flopsPerToken) => MachinePeak.MeasureGflops(
        recipe.Threads ?? Environment.ProcessorCount, recipe.ToTrainingOptions().Precision) * 1e9 / flopsPerToken;
}
