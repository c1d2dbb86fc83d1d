using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>A run of a network that learns to predict the next token.</summary>
/// <inheritdoc/>
internal sealed class LanguageModelRun(Recipe recipe, string folder, RunSession session)
    : NetworkRun<LanguageModel, Corpus, TrainingData>(recipe, folder, session)
{
    private const int SampleTokens = 60;

    /// <summary>A text from nothing. It reads the weights only, so the run is the same with and without it.</summary>
    internal static string Sample(LanguageModel model, Recipe recipe)
    {
        var options = new GenerationOptions { MaxTokens = SampleTokens, Seed = recipe.Seed, Threads = recipe.Threads ?? 0 };
        return string.Concat(model.GenerateAsync("", options).ToBlockingEnumerable());
    }

    protected override Corpus ReadCorpus(CancellationToken cancellationToken) => CorpusRun.Read(Recipe, Session, cancellationToken);

    protected override LanguageModel Create(Corpus corpus, CancellationToken cancellationToken)
    {
        if (Recipe.Base is { } trained)
        {
            return ModelLocation.Open(trained.Model, LanguageModel.Load);
        }
        var tokenizer = Recipe.CreateTokenizer(corpus, cancellationToken);
        return new LanguageModel(Recipe.CreateLanguageModel(tokenizer), tokenizer);
    }

    protected override LanguageModel Load(string checkpoint) => LanguageModel.Load(checkpoint);

    protected override TrainingData Encode(Corpus corpus, LanguageModel model, CancellationToken cancellationToken)
        => CorpusRun.Encode(Recipe, corpus, model.Tokenizer, Session, cancellationToken);

    protected override ITrainingTask CreateTask(LanguageModel model, TrainingData data, TrainingOptions options)
        => new LanguageModelTask(model.Model, model.Tokenizer, data, options);

    protected override TrainingStarted Describe(LanguageModel model, Corpus corpus, TrainingData data)
        => CorpusRun.Describe(Recipe, Folder, model.Model.Config, model.Tokenizer, corpus, data) with
        {
            PeakTokensPerSecond = model.Model.Config.TrainingFlopsPerToken is > 0 and var flops ? CorpusRun.PeakTokensPerSecond(Recipe, flops) : null,
        };

    protected override string Sample(LanguageModel model, Corpus corpus) => Sample(model, Recipe);

    protected override TrainingFinished Measure(
        TrainingFinished estimated, Corpus corpus, TrainingData data, CancellationToken cancellationToken)
        => HeldOut.Measure(estimated, Recipe, Folder, Session, corpus, data, cancellationToken);
}
