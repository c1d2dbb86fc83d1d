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
    /// <exception cref="InvalidDataException">It is no JSON object, or not as the checkpoint's checksums say; or the tokenizer is not.</exception>
    internal static ConfigFile Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var path = Path.Combine(folder, Name);
        if (!File.Exists(path))
        {
            throw NoModelFolder.Explain(folder);
        }
        FileKind.RequireRegular(path);
        FolderChecksums.RequireSmallFilesIntact(folder);
        return new ConfigFile(folder, new JsonFields(File.ReadAllText(path), path));
    }

    /// <exception cref="InvalidDataException">The folder holds another model.</exception>
    internal void RequireModelType(string type)
    {
        if (ModelType != type)
        {
            throw Fields.Error("model_type", $"expected \"{type}\"");
        }
    }

    /// <summary>Writes the file, atomically. What checksums said of the folder is true no longer.</summary>
    /// <param name="folder">The folder, made if need be.</param>
    /// <param name="fields">What it says.</param>
    internal static void Write(string folder, JsonObject fields)
    {
        Directory.CreateDirectory(folder);
        FolderChecksums.Forget(folder);
        AtomicFile.Write(Path.Combine(folder, Name), ConfigText.Indented(fields));
    }
}
