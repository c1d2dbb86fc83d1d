namespace Idiolect.Recipes;

/// <summary>Recipes as files: those that come with the library, and one's own.</summary>
public static class RecipeFiles
{
    /// <summary>What belongs to the type of recipes.</summary>
    extension(Recipe)
    {
        /// <summary>A recipe that comes with the library.</summary>
        /// <param name="name">One of <see cref="Recipe.PresetNames"/>.</param>
        /// <exception cref="ArgumentException">There is no such preset.</exception>
        public static Recipe Preset(string name)
        {
            if (!Recipe.PresetNames.Contains(name))
            {
                throw new ArgumentException($"preset takes {string.Join(", ", Recipe.PresetNames)}, not \"{name}\"", nameof(name));
            }
            using var stream = typeof(Recipe).Assembly.GetManifestResourceStream($"Idiolect.Recipes.{name}.json")!;
            using var reader = new StreamReader(stream);
            return RecipeFile.Read(reader.ReadToEnd(), $"{name}.json", _ => new Recipe());
        }

        /// <summary>Reads a recipe. What it leaves out is the preset's that it names, or else that of its task and kind of model.</summary>
        /// <param name="path">A JSON file. Paths in it hold from the current folder.</param>
        /// <exception cref="FileNotFoundException">There is no such file.</exception>
        /// <exception cref="InvalidDataException">
        /// A field is unknown, stands there twice, is of a wrong type or out of range, or fields do not fit each other; the message names file and field.
        /// </exception>
        public static Recipe Load(string path) => File.Exists(path)
            ? RecipeFile.Read(RecipeFile.Text(path), path, name => name == Recipe.TuningPreset ? Recipe.Tuning : Preset(name))
            : throw new FileNotFoundException($"there is no recipe {path}", path);
    }

    /// <summary>Writes a recipe without the fields that it has no use for, atomically.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="path">A JSON file.</param>
    public static void Save(this Recipe recipe, string path) => RecipeFile.Write(recipe, path);

    /// <summary>The same recipe, when its values make sense and fit each other.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <exception cref="ArgumentException">They do not; the message names the fields, such as <c>optimizer.learningRate</c>, and a value that fits.</exception>
    public static Recipe Validate(this Recipe recipe)
    {
        RecipeFile.Validate(recipe);
        return recipe;
    }

    /// <summary>The recipe of a run that begins with a trained model; its first optimiser step is the run's own.</summary>
    /// <param name="recipe">The recipe; its context length is kept where the model's is longer.</param>
    /// <param name="model">A run or model folder.</param>
    /// <exception cref="FileNotFoundException">There is no model in the folder.</exception>
    /// <exception cref="InvalidDataException">The model is damaged.</exception>
    /// <exception cref="ArgumentException">The model counts, and cannot be trained on.</exception>
    public static Recipe WithBase(this Recipe recipe, string model) => BaseModel.Describe(recipe, model);
}
