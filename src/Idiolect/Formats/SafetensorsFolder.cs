using System.Text.Json;
using System.Text.Json.Serialization;

namespace Idiolect.Formats;

/// <summary>
/// The weights of a Hugging Face model folder: <c>model.safetensors</c>, or several files listed by
/// <c>model.safetensors.index.json</c>, whose <c>weight_map</c> names the file of each tensor.
/// </summary>
public sealed class SafetensorsFolder : IDisposable
{
    /// <summary>The name of the one file of weights.</summary>
    public const string FileName = "model.safetensors";

    /// <summary>The name of the list of files, where there are several.</summary>
    public const string IndexName = "model.safetensors.index.json";

    private readonly List<SafetensorsReader> _readers = [];
    private readonly Dictionary<string, SafetensorsReader> _readerOf = new(StringComparer.Ordinal);
    private readonly string _path;

    private SafetensorsFolder(string path) => _path = path;

    /// <summary>The tensors of all files by name.</summary>
    public IReadOnlyDictionary<string, TensorInfo> Tensors { get; private set; } = new Dictionary<string, TensorInfo>();

    /// <summary>Opens the weights of a folder.</summary>
    /// <exception cref="FileNotFoundException">The folder has neither file, or lacks a file that its index names.</exception>
    /// <exception cref="InvalidDataException">A file or the index is damaged.</exception>
    public static SafetensorsFolder Open(string folder)
    {
        ArgumentNullException.ThrowIfNull(folder);
        var single = Path.Combine(folder, FileName);
        var index = Path.Combine(folder, IndexName);
        var opened = new SafetensorsFolder(folder);
        try
        {
            if (File.Exists(single))
            {
                opened.OpenSingle(single);
            }
            else if (File.Exists(index))
            {
                opened.OpenShards(index);
            }
            else
            {
                throw new FileNotFoundException(
                    $"'{folder}' holds neither {FileName} nor {IndexName}; weights in other formats (such as PyTorch's .bin, or GGUF) are not read.", single);
            }
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <inheritdoc cref="SafetensorsReader.Read"/>
    public void Read(string name, Span<float> destination)
    {
        if (!_readerOf.TryGetValue(name, out var reader))
        {
            throw new InvalidDataException($"'{_path}' holds no tensor '{name}'; it holds {Tensors.Count} others.");
        }
        reader.Read(name, destination);
    }

    /// <summary>Compares the files with the folder's <c>checksums.json</c>, where it has one, as their tensors are read.</summary>
    /// <exception cref="InvalidDataException">The length of one is another, or the list is damaged.</exception>
    internal void BeginVerification()
    {
        if (FolderChecksums.Find(_path) is not { } checksums)
        {
            return;
        }
        foreach (var reader in _readers)
        {
            if (checksums.Files.GetValueOrDefault(Path.GetFileName(reader.FilePath)) is { IsUsable: true } expected)
            {
                reader.BeginVerification(expected);
            }
        }
    }

    /// <summary>Ends what <see cref="BeginVerification"/> began, if it did.</summary>
    /// <exception cref="InvalidDataException">A file is not what its checksum says.</exception>
    internal void FinishVerification() => _readers.ForEach(reader => reader.FinishVerification());

    /// <summary>Closes the files.</summary>
    public void Dispose() => _readers.ForEach(reader => reader.Dispose());

    private void OpenSingle(string path)
    {
        var reader = SafetensorsReader.Open(path);
        _readers.Add(reader);
        Tensors = reader.Tensors;
        foreach (var name in reader.Tensors.Keys)
        {
            _readerOf.Add(name, reader);
        }
    }

    private void OpenShards(string indexPath)
    {
        var readers = new Dictionary<string, SafetensorsReader>(StringComparer.Ordinal);
        var tensors = new Dictionary<string, TensorInfo>(StringComparer.Ordinal);
        foreach (var (name, file) in ReadIndex(indexPath))
        {
            if (!readers.TryGetValue(file, out var reader))
            {
                // A name from a download must not lead out of its folder.
                if (file.Length == 0 || file.AsSpan().ContainsAny('/', '\\', '\0') || file is "." or ".." || Path.IsPathRooted(file))
                {
                    throw new InvalidDataException($"'{indexPath}': weight_map sends '{name}' to '{file}', which is no file name.");
                }
                reader = SafetensorsReader.Open(Path.Combine(_path, file));
                readers.Add(file, reader);
                _readers.Add(reader);
            }
            if (!reader.Tensors.TryGetValue(name, out var tensor))
            {
                throw new InvalidDataException($"'{indexPath}': weight_map sends '{name}' to '{file}', which holds no such tensor.");
            }
            tensors.Add(name, tensor);
            _readerOf.Add(name, reader);
        }
        Tensors = tensors;
    }

    private static Dictionary<string, string> ReadIndex(string path)
    {
        FileKind.RequireRegular(path);
        using var stream = File.OpenRead(path);
        if (stream.Length > SafetensorsHeader.LongestHeader)
        {
            throw new InvalidDataException($"'{path}' has {stream.Length} bytes, too many for a list of tensors.");
        }
        try
        {
            var map = JsonSerializer.Deserialize(stream, SafetensorsIndexContext.Default.SafetensorsIndex)?.WeightMap;
            return map is not null && !map.ContainsValue(null!)
                ? map
                : throw new InvalidDataException($"'{path}' has no complete weight_map. Download it again.");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"'{path}' is no valid index of safetensors files: {exception.Message}", exception);
        }
    }
}

/// <summary>The content of an index file that matters here.</summary>
internal sealed record SafetensorsIndex(Dictionary<string, string>? WeightMap);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, AllowDuplicateProperties = false, MaxDepth = 16)]
[JsonSerializable(typeof(SafetensorsIndex))]
internal sealed partial class SafetensorsIndexContext : JsonSerializerContext;
