using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>A run of a network, whatever it learns: how one begins and goes on. What it reads, trains and measures is what its kinds say.</summary>
/// <typeparam name="TModel">Model and tokenizer.</typeparam>
/// <typeparam name="TCorpus">The text.</typeparam>
/// <typeparam name="TData">The text in tokens.</typeparam>
/// <param name="recipe">All that makes the run.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="session">What all runs have in common.</param>
internal abstract class NetworkRun<TModel, TCorpus, TData>(Recipe recipe, string folder, RunSession session)
    where TModel : class, IDisposable
    where TData : class
{
    /// <summary>All that makes the run.</summary>
    protected Recipe Recipe => recipe;

    /// <summary>The run's folder.</summary>
    protected string Folder => folder;

    /// <summary>What all runs have in common.</summary>
    protected RunSession Session => session;

    /// <summary>Begins the run. The folder is made when data, tokenizer and model are known to be good, and stays once it holds a checkpoint.</summary>
    internal TrainingFinished Start(CancellationToken cancellationToken) => Start(Read(cancellationToken), cancellationToken);

    /// <summary>Begins the run on text that is read already.</summary>
    internal TrainingFinished Start(TCorpus corpus, CancellationToken cancellationToken)
    {
        session.Report(new WorkAnnounced(0, recipe.MakesTokenizer ? "training the tokenizer" : "turning text into tokens"));
        using var model = Create(corpus, cancellationToken);
        var data = Encode(corpus, model, cancellationToken);
        using var owned = data as IDisposable;
        using var pending = new PendingFolder(folder);
        var options = recipe.ToTrainingOptions();
        using var trainer = new Trainer(CreateTask(model, data, options), options, folder);
        return Train(trainer, model, corpus, data, pending, cancellationToken);
    }

    /// <summary>Goes on from the newest intact checkpoint.</summary>
    internal TrainingFinished Resume(bool allowOtherData, CancellationToken cancellationToken)
    {
        var corpus = Read(cancellationToken);
        TModel? model = null;
        TData? data = null;
        try
        {
            using var trainer = Trainer.Resume(
                folder,
                (checkpoint, _, options) =>
                {
                    model = Load(checkpoint);
                    data = Encode(corpus, model, cancellationToken);
                    return CreateTask(model, data, options);
                },
                _ => recipe.ToTrainingOptions(), allowOtherData);
            return Train(trainer, model!, corpus, data!, pending: null, cancellationToken);
        }
        finally
        {
            model?.Dispose();
            (data as IDisposable)?.Dispose();
        }
    }

    /// <summary>Reads the text that the recipe names.</summary>
    protected abstract TCorpus ReadCorpus(CancellationToken cancellationToken);

    /// <summary>Makes the model of a new run.</summary>
    protected abstract TModel Create(TCorpus corpus, CancellationToken cancellationToken);

    /// <summary>Opens the model of a checkpoint.</summary>
    protected abstract TModel Load(string checkpoint);

    /// <summary>Turns the text into tokens.</summary>
    /// <exception cref="InvalidDataException">The text is too short.</exception>
    protected abstract TData Encode(TCorpus corpus, TModel model, CancellationToken cancellationToken);

    /// <summary>What is learned.</summary>
    protected abstract ITrainingTask CreateTask(TModel model, TData data, TrainingOptions options);

    /// <summary>What is told before the first step.</summary>
    protected abstract TrainingStarted Describe(TModel model, TCorpus corpus, TData data);

    /// <summary>Shows at an evaluation what the model does; null where there is nothing to show.</summary>
    protected virtual string? Sample(TModel model, TCorpus corpus) => null;

    /// <summary>Measures the best checkpoint of a run that was not interrupted.</summary>
    /// <param name="estimated">The end of the run, as its evaluations estimated it.</param>
    /// <param name="corpus">The text.</param>
    /// <param name="data">The text in tokens.</param>
    /// <param name="cancellationToken">Ends the work; the estimate stands.</param>
    protected abstract TrainingFinished Measure(TrainingFinished estimated, TCorpus corpus, TData data, CancellationToken cancellationToken);

    private TCorpus Read(CancellationToken cancellationToken)
    {
        session.Report(new WorkAnnounced(0, $"reading {recipe.Data.Source}"));
        return ReadCorpus(cancellationToken);
    }

    private TrainingFinished Train(
        Trainer trainer, TModel model, TCorpus corpus, TData data, PendingFolder? pending, CancellationToken cancellationToken) => session.Train(
            trainer, Describe(model, corpus, data) with { Step = trainer.StepsTaken }, pending, () => Sample(model, corpus),
            ended => session.Estimate(ended) is var estimated && estimated.Interrupted ? estimated : Measure(estimated, corpus, data, cancellationToken),
            cancellationToken);
}
