using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Cli.Options;

/// <summary>The setup of a translation in the library's terms.</summary>
internal static class TranslationSetup
{
    internal static ParallelCorpus LoadPairs(this TrainingSetup setup) => ParallelCorpus.Load(setup.Data, new ParallelCorpusOptions
    {
        From = setup.From,
        To = setup.To.Split(','),
        Split = setup.Split == "assembly" ? ParallelSplitKind.Assembly : ParallelSplitKind.Cluster,
    });

    internal static ISequenceToSequence ToSequenceToSequence(this TrainingSetup setup, Tokenizer tokenizer) => setup.Model switch
    {
        TrainingSetup.Stream => new StreamSequenceToSequence(new Gpt(setup.ToModel(tokenizer.VocabularySize, tokenizer.BeginningOfTextId), setup.Seed)),
        TrainingSetup.Lstm or TrainingSetup.LstmAttention => new RecurrentSequenceToSequence(
            new RecurrentSequenceToSequenceConfig
            {
                VocabularySize = tokenizer.VocabularySize,
                MaximumLength = setup.ContextLength,
                Width = setup.Width,
                LayerCount = setup.LayerCount,
                Attention = setup.Model == TrainingSetup.LstmAttention,
                Dropout = (float)setup.Dropout,
                LabelSmoothing = (float)setup.LabelSmoothing,
            },
            setup.Seed),
        _ => new EncoderDecoder(
            new EncoderDecoderConfig
            {
                VocabularySize = tokenizer.VocabularySize,
                MaximumLength = setup.ContextLength,
                Width = setup.Width,
                HeadCount = setup.HeadCount,
                EncoderLayerCount = setup.LayerCount,
                DecoderLayerCount = setup.LayerCount,
                NormFirst = setup.NormFirst,
                Dropout = (float)setup.Dropout,
                LabelSmoothing = (float)setup.LabelSmoothing,
            },
            setup.Seed),
    };

    /// <summary>Loads the tokenizer that the setup names, or trains one for both languages on the training pairs.</summary>
    /// <exception cref="ArgumentException">The kind has no token that begins and ends a text.</exception>
    internal static Tokenizer CreateTokenizer(this TrainingSetup setup, ParallelCorpus corpus, CancellationToken cancellationToken)
    {
        if (setup.Tokenizer is "char" or "byte")
        {
            throw new ArgumentException($"--tokenizer {setup.Tokenizer} has no token that ends a text; a translation needs bpe or a tokenizer.json that has");
        }
        var languages = setup.To.Split(',');
        return setup.Tokenizer != "bpe" ? Tokenizer.Load(setup.Tokenizer) : new BytePairTrainer(new BytePairTrainerOptions
        {
            VocabularySize = setup.VocabularySize,
            SpecialTokens = [Tokenizer.EndOfText, .. languages.Length > 1 ? languages.Select(Translator.Tag) : []],
            Threads = setup.Threads ?? Environment.ProcessorCount,
        }).Train(corpus.Training.SelectMany(pair => new[] { pair.Source, pair.Target }), progress: null, cancellationToken);
    }
}
