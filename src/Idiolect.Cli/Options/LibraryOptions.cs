using Idiolect.Data;
using Idiolect.Kernels;
using Idiolect.Models;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Cli.Options;

/// <summary>A setup in the library's terms.</summary>
internal static class LibraryOptions
{
    internal static Corpus LoadCorpus(this TrainingSetup setup) =>
        Corpus.Load(setup.Data, new CorpusOptions { Field = setup.Field, ValidationFraction = setup.ValidationFraction });

    internal static LabelledCorpus LoadLabelledTexts(this TrainingSetup setup) => LabelledCorpus.Load(setup.Data, new LabelledCorpusOptions
    {
        TextField = setup.Field,
        LabelField = setup.LabelField,
        ValidationFraction = setup.ValidationFraction,
    });

    /// <summary>The model with its first weights.</summary>
    internal static ILanguageModel CreateModel(this TrainingSetup setup, Tokenizer tokenizer) => setup.IsRecurrent
        ? new Recurrent(setup.ToRecurrent(tokenizer), setup.Seed)
        : new Gpt(setup.ToGpt(tokenizer.VocabularySize, tokenizer.BeginningOfTextId), setup.Seed);

    /// <summary>The model that fills gaps, with its first weights.</summary>
    internal static Bert CreateBert(this TrainingSetup setup, Tokenizer tokenizer) => new(
        new BertConfig
        {
            VocabularySize = tokenizer.VocabularySize,
            ContextLength = setup.ContextLength,
            LayerCount = setup.LayerCount,
            HeadCount = setup.HeadCount,
            Width = setup.Width,
            Dropout = (float)setup.Dropout,
            BeginningOfTextId = tokenizer.BeginningOfTextId,
        },
        setup.Seed);

    private static RecurrentConfig ToRecurrent(this TrainingSetup setup, Tokenizer tokenizer) => new()
    {
        Cell = setup.Model switch
        {
            TrainingSetup.Rnn => RecurrentCell.Rnn,
            TrainingSetup.Gru => RecurrentCell.Gru,
            _ => RecurrentCell.Lstm,
        },
        VocabularySize = tokenizer.VocabularySize,
        ContextLength = setup.ContextLength,
        LayerCount = setup.LayerCount,
        Width = setup.Width,
        Dropout = (float)setup.Dropout,
        BeginningOfTextId = tokenizer.BeginningOfTextId,
    };

    internal static GptConfig ToGpt(this TrainingSetup setup, int vocabularySize, int? beginningOfText = null)
    {
        var shape = setup.Architecture == "gpt2"
            ? GptConfig.Gpt2(vocabularySize, setup.ContextLength, setup.LayerCount, setup.HeadCount, setup.Width)
            : new GptConfig
            {
                VocabularySize = vocabularySize,
                ContextLength = setup.ContextLength,
                LayerCount = setup.LayerCount,
                HeadCount = setup.HeadCount,
                KeyValueHeadCount = setup.KeyValueHeadCount,
                Width = setup.Width,
                TiedEmbedding = true,
            };
        return shape with { Dropout = (float)setup.Dropout, BeginningOfTextId = beginningOfText };
    }

    internal static TrainingOptions ToTraining(this TrainingSetup setup) => new(
        Steps: setup.Steps,
        BatchSize: setup.BatchSize,
        GradientAccumulation: setup.GradientAccumulation,
        LearningRate: setup.LearningRate,
        MinimumLearningRateFraction: setup.LearningRate > 0 ? setup.MinimumLearningRate / setup.LearningRate : 0,
        WarmupSteps: setup.WarmupSteps,
        Schedule: setup.Schedule switch
        {
            "constant" => ScheduleShape.Constant,
            "wsd" => ScheduleShape.WarmupStableDecay,
            "inverse-sqrt" => ScheduleShape.InverseSquareRoot,
            _ => ScheduleShape.Cosine,
        },
        Beta1: setup.Beta1,
        Beta2: setup.Beta2,
        WeightDecay: setup.WeightDecay,
        L1: setup.L1,
        L2: setup.L2,
        GradientClip: setup.GradientClip,
        EvaluateEvery: setup.EvaluateEvery,
        EvaluationBatches: setup.EvaluationBatches,
        CheckpointEvery: setup.CheckpointEvery,
        KeepCheckpoints: setup.KeepCheckpoints,
        EarlyStopPatience: setup.EarlyStop,
        Seed: setup.Seed,
        Optimizer: setup.Optimizer == "muon" ? OptimizerKind.Muon : OptimizerKind.AdamW,
        Recompute: setup.Recompute,
        Precision: setup.Precision == "bf16" ? Precision.Bf16 : Precision.Fp32,
        Threads: setup.Threads ?? 0);

    /// <summary>Loads the tokenizer that the setup names, or trains it on the corpus.</summary>
    internal static Tokenizer CreateTokenizer(this TrainingSetup setup, Corpus corpus, CancellationToken cancellationToken)
    {
        var training = corpus.Training.Select(document => document.Text);
        string[]? special = setup.IsBert ? [Tokenizer.EndOfText, Tokenizer.Mask] : null; // null: the kind's own
        return setup.Tokenizer switch
        {
            "bpe" => new BytePairTrainer(new BytePairTrainerOptions
            {
                VocabularySize = setup.VocabularySize,
                SpecialTokens = special ?? [Tokenizer.EndOfText],
                Threads = setup.Threads ?? Environment.ProcessorCount,
            }).Train(training, progress: null, cancellationToken),
            // A character seen only in held-out text could not be encoded; like nanoGPT, this looks at all of the text.
            "char" => CharacterTokenizer.Train(training.Concat(corpus.Validation.Select(document => document.Text)), special),
            "byte" => new ByteTokenizer(special ?? [Tokenizer.EndOfText]),
            var path => Tokenizer.Load(path),
        };
    }
}
