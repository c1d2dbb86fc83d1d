using Idiolect.Models;

namespace Idiolect.Cli.Runs;

/// <summary>What an encoder-decoder in a folder is.</summary>
internal static class TranslatorSummary
{
    /// <summary>Describes a model folder without reading its weights; null where it holds no encoder-decoder.</summary>
    internal static ModelSummary? Read(string folder) => SequenceToSequenceFolder.LoadConfig(folder) switch
    {
        EncoderDecoderConfig c => Summary(
            folder, $"encoder-decoder transformer ({(c.NormFirst ? "pre" : "post")}-norm)", c, c.ParameterCount,
            c.EncoderLayerCount + c.DecoderLayerCount, c.HeadCount, c.Width),
        RecurrentSequenceToSequenceConfig c => Summary(
            folder, c.Attention ? "LSTM encoder-decoder with attention" : "LSTM encoder-decoder", c, c.ParameterCount, 2 * c.LayerCount,
            c.Attention ? 1 : 0, c.Width),
        _ => null,
    };

    private static ModelSummary Summary(
        string folder, string architecture, ISequenceToSequenceConfig config, long parameters, int layers, int heads, int width) => new()
        {
            Architecture = architecture,
            Parameters = parameters,
            LayerCount = layers,
            HeadCount = heads,
            KeyValueHeadCount = heads,
            Width = width,
            ContextLength = config.MaximumLength,
            VocabularySize = config.VocabularySize,
            TrainingBytes = 4 * parameters * sizeof(float),
            InferenceBytes = parameters * sizeof(float),
            Tokenizer = ModelSummary.DescribeTokenizer(folder),
        };
}
