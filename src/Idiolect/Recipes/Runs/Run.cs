using Idiolect.Generation;
using Idiolect.Training;

namespace Idiolect.Recipes;

/// <summary>A run's folder: its recipe, what happened in it, and its best checkpoint.</summary>
/// <example><code>
/// using var model = Run.Open("runs/book").LoadLanguageModel();
/// </code></example>
public sealed class Run
{
    /// <summary>The file that holds the recipe that the run began with: as long as there is no <see cref="ResumedRecipeName"/>, it makes the run's weights again.</summary>
    public const string RecipeName = "recipe.json";

    /// <summary>
    /// The file that holds the recipe that the run goes on with, where that changed what the weights depend on: no recipe makes them again then.
    /// What changed, and after which step, stands in the metrics.
    /// </summary>
    public const string ResumedRecipeName = "recipe.resumed.json";

    /// <summary>Of a translation, the file with source, reference and translation of each test sentence, separated by tabs.</summary>
    public const string TranslationsName = "translations.tsv";

    private Run(string folder) => Folder = folder;

    /// <summary>The folder.</summary>
    public string Folder { get; }

    /// <summary>The steps taken, as the newest checkpoint has it.</summary>
    public long StepsTaken => new CheckpointStore(Folder).Checkpoints is [var newest, ..] ? newest.Step : 0;

    /// <summary>The model folder of the best checkpoint, or of the newest where none was measured; null before the first.</summary>
    public string? ModelFolder => ModelLocation.Find(Folder);

    /// <summary>Whether the folder says how it was trained; one that holds only metrics does not.</summary>
    public bool HasRecipe => File.Exists(Path.Combine(Folder, RecipeName)) || File.Exists(Path.Combine(Folder, SetupFile.Name));

    /// <summary>Whether a step was taken or a checkpoint saved; a run that was killed before has nothing to go on from or to lose.</summary>
    internal bool HasBegun => new CheckpointStore(Folder).Checkpoints.Count > 0 || ReadHistory().StepsDone > 0;

    /// <summary>Opens a run.</summary>
    /// <param name="folder">Its folder.</param>
    /// <exception cref="DirectoryNotFoundException">It is no run.</exception>
    public static Run Open(string folder) => IsRun(folder)
        ? new Run(folder)
        : throw new DirectoryNotFoundException($"{folder} is no run: it has no {RecipeName}");

    /// <summary>Whether a folder holds a run.</summary>
    /// <param name="folder">The folder.</param>
    public static bool IsRun(string folder)
        => new[] { RecipeName, SetupFile.Name, MetricsLog.FileName }.Any(name => File.Exists(Path.Combine(folder, name)));

    /// <summary>Reads the recipe that the run goes on with; of a run of an earlier version, what its setup.json says.</summary>
    /// <exception cref="FileNotFoundException">The folder has none, so that the run cannot go on.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or a value in it makes no sense.</exception>
    public Recipe ReadRecipe()
    {
        var (file, setup, resumed) = (Path.Combine(Folder, RecipeName), Path.Combine(Folder, SetupFile.Name), Path.Combine(Folder, ResumedRecipeName));
        return File.Exists(resumed) ? Recipe.Load(resumed)
            : File.Exists(file) ? Recipe.Load(file)
            : File.Exists(setup) ? SetupFile.Read(setup)
            : throw new FileNotFoundException($"{Folder} is no run that can go on: it has no {RecipeName}", file);
    }

    /// <summary>Reads what happened so far.</summary>
    public TrainingHistory ReadHistory() => TrainingHistory.Read(Folder);

    /// <summary>Loads the best checkpoint of a run whose model continues text.</summary>
    /// <exception cref="FileNotFoundException">There is no checkpoint.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, or its model continues no text.</exception>
    public LanguageModel LoadLanguageModel() => ModelLocation.Open(Folder, LanguageModel.Load);

    /// <summary>Loads the best checkpoint of a run whose model fills gaps.</summary>
    /// <exception cref="FileNotFoundException">There is no checkpoint.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, or its model fills no gaps.</exception>
    public MaskedLanguageModel LoadMaskedLanguageModel() => ModelLocation.Open(Folder, MaskedLanguageModel.Load);

    /// <summary>Loads the best checkpoint of a run that translates.</summary>
    /// <exception cref="FileNotFoundException">There is no checkpoint, or its model does not translate.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged.</exception>
    public Translator LoadTranslator() => ModelLocation.Open(Folder, Translator.Load);

    /// <summary>Loads the best checkpoint of a run that classifies.</summary>
    /// <exception cref="FileNotFoundException">There is no checkpoint.</exception>
    /// <exception cref="InvalidDataException">The checkpoint is damaged, or its model does not classify.</exception>
    public TextClassifier LoadClassifier() => ModelLocation.Open(Folder, TextClassifier.Load);

    /// <summary>Writes the recipe of a run that begins.</summary>
    internal static void WriteRecipe(string folder, Recipe recipe)
    {
        RecipeFile.Write(recipe.WithLastingPaths(), Path.Combine(folder, RecipeName));
        File.Delete(Path.Combine(folder, ResumedRecipeName));
    }

    /// <summary>Writes the recipe of a run that goes on. Once its weights are no longer those of the first one, that one stays as it is.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="recipe">What it goes on with.</param>
    /// <param name="departs">Whether something changed that the weights depend on.</param>
    internal static void WriteResumedRecipe(string folder, Recipe recipe, bool departs)
    {
        var (first, resumed) = (Path.Combine(folder, RecipeName), Path.Combine(folder, ResumedRecipeName));
        if (!departs && !File.Exists(resumed))
        {
            RecipeFile.Write(recipe.WithLastingPaths(), first);
            return;
        }
        if (!File.Exists(first) && Path.Combine(folder, SetupFile.Name) is var setup && File.Exists(setup))
        {
            RecipeFile.Write(SetupFile.Read(setup).WithLastingPaths(), first);
        }
        RecipeFile.Write(recipe.WithLastingPaths(), resumed);
    }
}
