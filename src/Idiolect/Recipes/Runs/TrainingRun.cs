using Idiolect.Data;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>Runs recipes: from the corpus to the measurement of the best checkpoint, whatever is learned.</summary>
public static class TrainingRun
{
    /// <summary>Begins a run and trains it to its end.</summary>
    /// <param name="recipe">All that makes the run.</param>
    /// <param name="folder">
    /// The run's folder. It is made when data, tokenizer and model are known to be good, and stays once it holds a checkpoint; its
    /// <see cref="Run.RecipeName"/> gives the same bytes again on the same machine, unless the run goes on otherwise (<see cref="Resume"/>).
    /// </param>
    /// <param name="progress">Hears of everything, on the thread that trains: the trainer's news and those of this namespace.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress, saved; before the first step, with an exception.</param>
    /// <returns>What was reached.</returns>
    /// <exception cref="ArgumentException">The recipe makes no sense; the message names the field.</exception>
    /// <exception cref="InvalidDataException">The data cannot be read, or are shorter than the context.</exception>
    /// <exception cref="TrainingDivergedException">Three steps in a row were not finite.</exception>
    /// <exception cref="IOException">The folder holds a run already, or a file cannot be written.</exception>
    public static TrainingFinished Start(
        Recipe recipe, string folder, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        recipe = Prepare(recipe);
        var session = new RunSession(recipe, folder, progress);
        return recipe.Translates ? new TranslationRun(recipe, folder, session).Start(cancellationToken)
            : recipe.Classifies ? new ClassificationRun(recipe, folder, session).Start(cancellationToken)
            : recipe.IsBert ? new MaskedLanguageModelRun(recipe, folder, session).Start(cancellationToken)
            : recipe.IsNGram ? new NGramRun(recipe, folder, session).Start(cancellationToken)
            : new LanguageModelRun(recipe, folder, session).Start(cancellationToken);
    }

    /// <summary>Begins a run that classifies texts which are read already.</summary>
    /// <param name="recipe">All that makes the run.</param>
    /// <param name="corpus">The texts that <see cref="DataRecipe.Source"/> stands for.</param>
    /// <param name="folder">The run's folder.</param>
    /// <param name="progress">Hears of everything.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress, saved.</param>
    /// <returns>What was reached.</returns>
    /// <exception cref="ArgumentException">The recipe makes no sense, or its task is another; the message names the field.</exception>
    public static TrainingFinished Start(
        Recipe recipe, LabelledCorpus corpus, string folder, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        recipe = Prepare(recipe);
        return recipe.Classifies
            ? new ClassificationRun(recipe, folder, new RunSession(recipe, folder, progress)).Start(corpus, cancellationToken)
            : throw new ArgumentException($"task {recipe.Task} takes no labelled texts", nameof(corpus));
    }

    /// <summary>Goes on with a run from its newest intact checkpoint; one that ended before its first is begun again.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="recipe">
    /// The run's recipe, changed where it shall go on otherwise; null for its own. What the weights depend on is reported as
    /// <see cref="RunChanged"/>; the recipe is then kept as <see cref="Run.ResumedRecipeName"/>, and the first one stays as it is. The task, the
    /// model, the tokenizer, the languages, the kind of optimiser and the seed cannot change.
    /// </param>
    /// <param name="allowOtherData">Whether the data may be others than those that the run began with.</param>
    /// <param name="progress">Hears of everything.</param>
    /// <param name="cancellationToken">Ends the run after the step in progress, saved.</param>
    /// <returns>What was reached.</returns>
    /// <exception cref="ArgumentException">The recipe makes no sense, changes what cannot change, or has too few steps; the message names the field.</exception>
    /// <exception cref="FileNotFoundException">The folder holds no recipe or no intact checkpoint.</exception>
    /// <exception cref="InvalidDataException">The data changed since and may not, or a file is damaged.</exception>
    public static TrainingFinished Resume(
        string folder, Recipe? recipe = null, bool allowOtherData = false, IProgress<TrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        var run = Run.Open(folder);
        recipe = (recipe is null ? run.ReadRecipe() : run.HasRecipe ? ResumedRecipe.Continue(run.ReadRecipe(), recipe, run.StepsTaken) : recipe.Validate()).Resolve();
        if (!run.HasBegun)
        {
            return Start(recipe, folder, progress, cancellationToken);
        }
        var session = new RunSession(recipe, folder, progress);
        return recipe.Translates ? new TranslationRun(recipe, folder, session).Resume(allowOtherData, cancellationToken)
            : recipe.Classifies ? new ClassificationRun(recipe, folder, session).Resume(allowOtherData, cancellationToken)
            : recipe.IsBert ? new MaskedLanguageModelRun(recipe, folder, session).Resume(allowOtherData, cancellationToken)
            : recipe.IsNGram ? new NGramRun(recipe, folder, session).MeasureAgain(cancellationToken)
            : new LanguageModelRun(recipe, folder, session).Resume(allowOtherData, cancellationToken);
    }

    private static Recipe Prepare(Recipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        recipe.Validate();
        return (recipe.Base is { } trained ? BaseModel.Begin(recipe, trained) : recipe).Resolve().Validate();
    }
}
