using System.Text.Json.Nodes;
using Idiolect.Formats;

namespace Idiolect.Models;

/// <summary>The config.json of a model folder, read once, however many ask what the folder holds.</summary>
internal sealed class ConfigFile
{
    internal const string Name = "config.json";

    private ConfigFile(string folder, JsonFields fields) => (Folder, Fields) = (folder, fields);

    /// <summary>The model folder.</summary>
    internal string Folder { get; }

    /// <summary>What the file says.</summary>
    internal JsonFields Fields { get; }

    /// <summary>Which model the folder holds.</summary>
    /// <exception cref="InvalidDataException">The file does not say.</exception>
    internal string ModelType => Fields.Text("model_type");

    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is no JSON object.</exception>
    internal static ConfigFile Open(string folder)
    {
        var path = Path.Combine(folder, Name);
        return File.Exists(path)
            ? new ConfigFile(folder, new JsonFields(File.ReadAllText(path), path))
            : throw new FileNotFoundException($"{folder} is not a model folder: it has no {Name}.", path);
    }

    /// <exception cref="InvalidDataException">The folder holds another model.</exception>
    internal void RequireModelType(string type)
    {
        if (ModelType != type)
        {
            throw Fields.Error("model_type", $"expected \"{type}\"");
        }
    }

    /// <summary>Writes the file, atomically.</summary>
    /// <param name="folder">The folder, made if need be.</param>
    /// <param name="fields">What it says.</param>
    internal static void Write(string folder, JsonObject fields)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, Name), ConfigText.Indented(fields));
    }
}
