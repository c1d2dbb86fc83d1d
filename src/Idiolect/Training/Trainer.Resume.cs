using Idiolect.Generation;
using Idiolect.Tokenization;

namespace Idiolect.Training;

public sealed unsafe partial class Trainer
{
    /// <summary>Continues a run from its newest intact checkpoint.</summary>
    /// <param name="runFolder">The run.</param>
    /// <param name="data">The tokens it was begun with, given the tokenizer of its checkpoint.</param>
    /// <param name="change">Changes the stored options, for example to more steps; null to keep them.</param>
    /// <param name="languageModel">The model as it stands in the checkpoint; the caller disposes it.</param>
    /// <exception cref="FileNotFoundException">The folder holds no intact checkpoint.</exception>
    /// <exception cref="InvalidDataException">The data or the tokenizer changed since.</exception>
    public static Trainer Resume(
        string runFolder, Func<Tokenizer, TrainingData> data, Func<TrainingOptions, TrainingOptions>? change, out LanguageModel languageModel)
        => Resume(
            runFolder, change, LanguageModel.Load,
            (model, state, options) =>
            {
                var tokens = data(model.Tokenizer);
                state.EnsureSameInputs(tokens.Hash, model.Tokenizer.Hash);
                return new LanguageModelTask(model, tokens, options);
            },
            out languageModel);

    /// <summary>Continues a run that learns to fill gaps from its newest intact checkpoint.</summary>
    /// <param name="runFolder">The run.</param>
    /// <param name="data">The tokens it was begun with, given the tokenizer of its checkpoint.</param>
    /// <param name="change">Changes the stored options, for example to more steps; null to keep them.</param>
    /// <param name="languageModel">The model as it stands in the checkpoint; the caller disposes it.</param>
    /// <exception cref="FileNotFoundException">The folder holds no intact checkpoint.</exception>
    /// <exception cref="InvalidDataException">The data or the tokenizer changed since.</exception>
    public static Trainer ResumeMasked(
        string runFolder, Func<Tokenizer, TrainingData> data, Func<TrainingOptions, TrainingOptions>? change, out MaskedLanguageModel languageModel)
        => Resume(
            runFolder, change, MaskedLanguageModel.Load,
            (model, state, options) =>
            {
                var tokens = data(model.Tokenizer);
                state.EnsureSameInputs(tokens.Hash, model.Tokenizer.Hash);
                return new MaskedLanguageModelTask(model, tokens, options);
            },
            out languageModel);

    /// <summary>Continues a run that learns to translate from its newest intact checkpoint.</summary>
    /// <param name="runFolder">The run.</param>
    /// <param name="data">The pairs it was begun with, given the translator of its checkpoint.</param>
    /// <param name="change">Changes the stored options, for example to more steps; null to keep them.</param>
    /// <param name="translator">The model as it stands in the checkpoint; the caller disposes it.</param>
    /// <exception cref="FileNotFoundException">The folder holds no intact checkpoint.</exception>
    /// <exception cref="InvalidDataException">The data or the tokenizer changed since.</exception>
    public static Trainer ResumeTranslation(
        string runFolder, Func<Translator, TranslationData> data, Func<TrainingOptions, TrainingOptions>? change, out Translator translator)
        => Resume(
            runFolder, change, Translator.Load,
            (model, state, options) =>
            {
                var pairs = data(model);
                state.EnsureSameInputs(pairs.Hash, model.Tokenizer.Hash);
                return new TranslationTask(model, pairs, options);
            },
            out translator);

    /// <summary>Continues a run that learns to classify from its newest intact checkpoint.</summary>
    /// <param name="runFolder">The run.</param>
    /// <param name="data">The texts it was begun with, given the classifier of its checkpoint.</param>
    /// <param name="freeze">Whether only the head learns, as when the run began.</param>
    /// <param name="change">Changes the stored options, for example to more steps; null to keep them.</param>
    /// <param name="classifier">The classifier as it stands in the checkpoint; the caller disposes it.</param>
    /// <exception cref="FileNotFoundException">The folder holds no intact checkpoint.</exception>
    /// <exception cref="InvalidDataException">The data or the tokenizer changed since, or <paramref name="freeze"/> did.</exception>
    public static Trainer ResumeClassification(
        string runFolder, Func<TextClassifier, ClassificationData> data, bool freeze, Func<TrainingOptions, TrainingOptions>? change,
        out TextClassifier classifier)
        => Resume(
            runFolder, change, TextClassifier.Load,
            (model, state, options) =>
            {
                var texts = data(model);
                state.EnsureSameInputs(texts.Hash, model.Tokenizer.Hash);
                return new ClassificationTask(model, texts, options, freeze);
            },
            out classifier);

    /// <summary>Continues a run with a model that is loaded from its checkpoint.</summary>
    /// <param name="runFolder">The run.</param>
    /// <param name="change">Changes the stored options; null to keep them.</param>
    /// <param name="load">Loads the model from a checkpoint's folder.</param>
    /// <param name="train">Joins the model with its data, which are those of the state, and the options.</param>
    /// <param name="model">The model.</param>
    private static Trainer Resume<TModel>(
        string runFolder, Func<TrainingOptions, TrainingOptions>? change, Func<string, TModel> load,
        Func<TModel, TrainingState, TrainingOptions, ITrainingTask> train, out TModel model)
        where TModel : class, IDisposable
    {
        TModel? loaded = null;
        try
        {
            var trainer = Resume(runFolder, change, (checkpoint, state, options) => train(loaded = load(checkpoint), state, options));
            model = loaded!;
            return trainer;
        }
        catch
        {
            loaded?.Dispose();
            throw;
        }
    }

    /// <summary>Continues a run of any kind.</summary>
    /// <param name="runFolder">The run.</param>
    /// <param name="change">Changes the stored options; null to keep them.</param>
    /// <param name="load">Makes what is trained from a checkpoint's folder, its state, with whose data it compares, and the options.</param>
    private static Trainer Resume(
        string runFolder, Func<TrainingOptions, TrainingOptions>? change, Func<string, TrainingState, TrainingOptions, ITrainingTask> load)
    {
        var store = new CheckpointStore(runFolder);
        if (store.Checkpoints.Count == 0)
        {
            throw NothingToContinue(runFolder, Directory.Exists(runFolder) ? "it has none" : "there is no such folder");
        }
        // Locked before anything is read: whoever holds the run may be adding and removing checkpoints right now.
        var held = RunLock.Acquire(runFolder);
        try
        {
            var checkpoint = store.FindNewestIntact(out var damaged)
                ?? throw NothingToContinue(runFolder, damaged.Count == 0 ? "it has none" : $"all are damaged: {damaged[0].Reason}");
            var state = TrainingState.Read(checkpoint.Path);
            var options = change == null ? state.Options : change(state.Options);
            return new Trainer(load(checkpoint.Path, state, options), options, runFolder, held, checkpoint, damaged);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    private static FileNotFoundException NothingToContinue(string runFolder, string why)
        => new($"'{runFolder}' has no checkpoint to continue from ({why}).", runFolder);
}
