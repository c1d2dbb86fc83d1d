using Idiolect.Kernels;
using Idiolect.Models;

namespace Idiolect.Tests.Models;

/// <summary>One small model of each kind that has a model folder: how it is saved and loaded.</summary>
internal static class SavedModels
{
    internal static TheoryData<string> Names
        => ["gpt2", "llama", "qwen3", "bert", "rnn", "lstm", "gru", "ngram", "encoder-decoder", "lstm encoder-decoder", "classifier"];

    /// <summary>Writes the folder of a model with fresh weights.</summary>
    internal static void Save(string name, string folder)
    {
        switch (name)
        {
            case "bert":
                using (var bert = new Bert(BertShape, seed: 1))
                {
                    BertFolder.Save(bert, folder);
                }
                break;
            case "ngram":
                int[] text = [.. Enumerable.Range(0, 400).Select(i => (i * i / 7) % 11)];
                using (var ngram = NGram.Train(text, 13, 3))
                {
                    NGramFolder.Save(ngram, folder);
                }
                break;
            case "encoder-decoder":
                using (var transformer = new EncoderDecoder(
                    new EncoderDecoderConfig
                    {
                        VocabularySize = 20, MaximumLength = 32, Width = 8, HeadCount = 2, EncoderLayerCount = 2, DecoderLayerCount = 1, FeedForwardWidth = 12,
                    }, seed: 1))
                {
                    EncoderDecoderFolder.Save(transformer, folder);
                }
                break;
            case "lstm encoder-decoder":
                using (var recurrent = new RecurrentSequenceToSequence(
                    new RecurrentSequenceToSequenceConfig { VocabularySize = 20, MaximumLength = 32, Width = 8, LayerCount = 2 }, seed: 1))
                {
                    RecurrentSequenceToSequenceFolder.Save(recurrent, folder);
                }
                break;
            case "classifier":
                using (var classifier = new Classifier(new Gpt(TinyModels.Config("gpt2"), seed: 1), ["one", "two"]))
                {
                    ClassifierFolder.Save(classifier, folder);
                }
                break;
            case "rnn" or "lstm" or "gru":
                using (var recurrent = new Recurrent(
                    new RecurrentConfig
                    {
                        Cell = Enum.Parse<RecurrentCell>(name, ignoreCase: true), VocabularySize = 20, ContextLength = 16, LayerCount = 2, Width = 8,
                    }, seed: 1))
                {
                    RecurrentFolder.Save(recurrent, folder);
                }
                break;
            default:
                using (var gpt = new Gpt(TinyModels.Config(name), seed: 1))
                {
                    GptFolder.Save(gpt, folder);
                }
                break;
        }
    }

    internal static IDisposable Load(string name, string folder) => name switch
    {
        "classifier" => ClassifierFolder.Load(folder),
        "encoder-decoder" or "lstm encoder-decoder" => SequenceToSequenceFolder.Load(folder),
        _ => ModelFolder.LoadModel(folder),
    };

    private static BertConfig BertShape
        => new() { VocabularySize = 20, ContextLength = 16, LayerCount = 2, HeadCount = 2, Width = 8, FeedForwardWidth = 12 };
}
