namespace Idiolect.Models;

/// <summary>A model folder of any sequence-to-sequence kind: config.json says in <c>model_type</c> which model it holds.</summary>
public static class SequenceToSequenceFolder
{
    /// <summary>Reads the shape of an encoder-decoder; null where the folder holds a model of another kind.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">A field is missing or makes no sense.</exception>
    public static ISequenceToSequenceConfig? LoadConfig(string folder) => LoadConfig(ConfigFile.Open(folder));

    internal static ISequenceToSequenceConfig? LoadConfig(ConfigFile file) => file.ModelType switch
    {
        EncoderDecoderFolder.ModelType => EncoderDecoderFolder.LoadConfig(file),
        RecurrentSequenceToSequenceFolder.ModelType => RecurrentSequenceToSequenceFolder.LoadConfig(file),
        _ => null,
    };

    /// <summary>Reads a model.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or of a kind that is not supported.</exception>
    public static ISequenceToSequence Load(string folder) => Load(ConfigFile.Open(folder));

    internal static ISequenceToSequence Load(ConfigFile file) => file.ModelType switch
    {
        EncoderDecoderFolder.ModelType => EncoderDecoderFolder.Load(file),
        RecurrentSequenceToSequenceFolder.ModelType => RecurrentSequenceToSequenceFolder.Load(file),
        _ => new StreamSequenceToSequence(GptFolder.Load(file)),
    };

    /// <summary>Writes a model; each file atomically.</summary>
    /// <param name="model">The model.</param>
    /// <param name="folder">The folder, made if need be.</param>
    public static void Save(ISequenceToSequence model, string folder)
    {
        switch (model)
        {
            case EncoderDecoder transformer:
                EncoderDecoderFolder.Save(transformer, folder);
                break;
            case RecurrentSequenceToSequence recurrent:
                RecurrentSequenceToSequenceFolder.Save(recurrent, folder);
                break;
            case StreamSequenceToSequence stream:
                GptFolder.Save(stream.Model, folder);
                break;
            default:
                throw new ArgumentException($"A {model.GetType().Name} has no file format.", nameof(model));
        }
    }
}
