using Idiolect.Formats;

namespace Idiolect.Models;

/// <summary>Says of a path that is no model folder what it is instead, and what to give.</summary>
internal static class NoModelFolder
{
    private const string Wanted = $"a model folder holds {ConfigFile.Name}, {SafetensorsFolder.FileName} and tokenizer.json";

    /// <summary>The error for a path without a config.json.</summary>
    internal static FileNotFoundException Explain(string path)
    {
        var full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        return new FileNotFoundException($"{path} is not a model folder: {Describe(path, full)}.", Path.Combine(path, ConfigFile.Name));
    }

    /// <summary>What a file is that was given for a model folder, and what to give instead.</summary>
    /// <param name="file">The file's path.</param>
    internal static string DescribeFile(string file)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        return Path.GetExtension(file).ToLowerInvariant() switch
        {
            ".gguf" => "it is a GGUF file, which is not read here; get the same model as a Hugging Face folder, with its safetensors",
            ".bin" or ".pt" or ".pth" or ".ckpt" => "it is a file of PyTorch's, which is not read here; save the model as safetensors",
            ".onnx" => "it is an ONNX file, which is not read here; get the same model as a Hugging Face folder, with its safetensors",
            _ when File.Exists(Path.Combine(folder, ConfigFile.Name)) => $"it is a file in one; give the folder, {folder}",
            _ => $"it is a file; {Wanted}",
        };
    }

    private static string Describe(string path, string full)
    {
        if (File.Exists(full))
        {
            return DescribeFile(full);
        }
        if (!Directory.Exists(full))
        {
            return "there is no such folder";
        }
        if (Directory.Exists(Path.Combine(full, "checkpoints")))
        {
            var newest = Directory.GetDirectories(Path.Combine(full, "checkpoints"), "step-*").Order(StringComparer.Ordinal).LastOrDefault();
            return newest is null ? "it is a run without a checkpoint" : $"it is a run; its models lie in checkpoints/, such as {newest}";
        }
        string[] names = [.. Directory.EnumerateFileSystemEntries(full).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal).Take(4)];
        return names.Length == 0 ? $"it is empty, and {Wanted}"
            : $"it has no {ConfigFile.Name} (it holds {string.Join(", ", names.Take(3))}{(names.Length > 3 ? ", ..." : "")})";
    }
}
