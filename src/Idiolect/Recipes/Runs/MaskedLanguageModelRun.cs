using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>A run of a network that learns to fill gaps.</summary>
/// <inheritdoc/>
internal sealed class MaskedLanguageModelRun(Recipe recipe, string folder, RunSession session)
    : NetworkRun<MaskedLanguageModel, Corpus, TrainingData>(recipe, folder, session)
{
    private const int SampleTokens = 40;
    private const int SampleEvery = 6; // tokens to a gap

    protected override Corpus ReadCorpus(CancellationToken cancellationToken) => CorpusRun.Read(Recipe, Session, cancellationToken);

    protected override MaskedLanguageModel Create(Corpus corpus, CancellationToken cancellationToken)
    {
        if (Recipe.Base is { } trained)
        {
            return ModelLocation.Open(trained.Model, MaskedLanguageModel.Load);
        }
        var tokenizer = Recipe.CreateTokenizer(corpus, cancellationToken);
        return new MaskedLanguageModel(Recipe.CreateBert(tokenizer), tokenizer);
    }

    protected override MaskedLanguageModel Load(string checkpoint) => MaskedLanguageModel.Load(checkpoint);

    protected override TrainingData Encode(Corpus corpus, MaskedLanguageModel model, CancellationToken cancellationToken)
        => CorpusRun.Encode(Recipe, corpus, model.Tokenizer, Session, cancellationToken);

    protected override ITrainingTask CreateTask(MaskedLanguageModel model, TrainingData data, TrainingOptions options)
        => new MaskedLanguageModelTask(model.Model, model.Tokenizer, data, options);

    protected override TrainingStarted Describe(MaskedLanguageModel model, Corpus corpus, TrainingData data)
        => CorpusRun.Describe(Recipe, Folder, model.Model.Config, model.Tokenizer, corpus, data) with
        {
            PeakTokensPerSecond = CorpusRun.PeakTokensPerSecond(Recipe, model.Model.Config.TrainingFlopsPerToken),
        };

    /// <summary>The beginning of a held-out text with gaps, which the model fills: its guesses stand in brackets.</summary>
    protected override string Sample(MaskedLanguageModel model, Corpus corpus)
    {
        var text = corpus.Validation.First().Text;
        var tokens = model.Tokenizer.Encode(text).Take(Math.Min(SampleTokens, model.Model.Config.ContextLength / 2)).ToArray();
        var gapped = string.Concat(tokens.Chunk(SampleEvery).Select(
            part => model.Tokenizer.Decode(part.AsSpan(0, part.Length - 1)) + Tokenizer.Mask));
        if (model.Tokenizer.Encode(gapped, allowSpecial: true).Length > model.Model.Config.ContextLength - 2)
        {
            return gapped;
        }
        var guesses = model.Fill(gapped, topK: 1, Recipe.Threads ?? 0);
        return string.Concat(gapped.Split(Tokenizer.Mask).Select(
            (piece, i) => i < guesses.Count ? $"{piece}[{(guesses[i].Count > 0 ? guesses[i][0].Token : "")}]" : piece));
    }

    protected override TrainingFinished Measure(
        TrainingFinished estimated, Corpus corpus, TrainingData data, CancellationToken cancellationToken)
    {
        if (data.Validation is null)
        {
            return estimated;
        }
        Session.Report(new WorkAnnounced(estimated.Step, "measuring the best checkpoint on all of the held-out text"));
        using var best = ModelLocation.Open(Folder, MaskedLanguageModel.Load);
        var measured = MaskedMeasurement.Take(best, data.Validation, batches: 0, Recipe.Threads ?? 0, cancellationToken);
        return estimated with
        {
            ValidationLoss = measured.Result.Loss,
            BitsPerByte = measured.Result.BitsPerByte,
            Accuracy = measured.Result.Accuracy,
            MeasuredBytes = measured.Bytes,
            Example = ExampleText.WithGap(corpus.Validation.First().Text, Tokenizer.Mask),
        };
    }
}
