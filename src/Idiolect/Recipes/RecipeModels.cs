using Idiolect.Kernels;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Recipes;

/// <summary>Makes the model of a recipe, with its first weights.</summary>
public static class RecipeModels
{
    /// <summary>The model that continues text.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="tokenizer">The tokenizer of its text.</param>
    /// <exception cref="ArgumentException">The recipe's model does not continue text, or counts it.</exception>
    public static ILanguageModel CreateLanguageModel(this Recipe recipe, Tokenizer tokenizer)
        => recipe.IsRecurrent ? new Recurrent(ToRecurrent(recipe, tokenizer), recipe.Seed)
        : recipe.Model.Kind == ModelRecipe.Gpt ? new Gpt(recipe.ToGptConfig(tokenizer.VocabularySize, tokenizer.BeginningOfTextId), recipe.Seed)
        : throw new ArgumentException($"model.kind {recipe.Model.Kind} is made in another way", nameof(recipe));

    /// <summary>The model that fills gaps.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="tokenizer">The tokenizer of its text.</param>
    public static Bert CreateBert(this Recipe recipe, Tokenizer tokenizer) => new(
        new BertConfig
        {
            VocabularySize = tokenizer.VocabularySize,
            ContextLength = recipe.Model.ContextLength,
            LayerCount = recipe.Model.LayerCount,
            HeadCount = recipe.Model.HeadCount,
            Width = recipe.Model.Width,
            Dropout = (float)recipe.Model.Dropout,
            BeginningOfTextId = tokenizer.BeginningOfTextId,
        },
        recipe.Seed);

    /// <summary>The model that translates.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="tokenizer">The tokenizer of both languages.</param>
    public static ISequenceToSequence CreateSequenceToSequence(this Recipe recipe, Tokenizer tokenizer) => recipe.Model.Kind switch
    {
        ModelRecipe.Gpt => new StreamSequenceToSequence(
            new Gpt(recipe.ToGptConfig(tokenizer.VocabularySize, tokenizer.BeginningOfTextId), recipe.Seed)),
        ModelRecipe.Lstm or ModelRecipe.LstmAttention => new RecurrentSequenceToSequence(
            new RecurrentSequenceToSequenceConfig
            {
                VocabularySize = tokenizer.VocabularySize,
                MaximumLength = recipe.Model.ContextLength,
                Width = recipe.Model.Width,
                LayerCount = recipe.Model.LayerCount,
                Attention = recipe.Model.Kind == ModelRecipe.LstmAttention,
                Dropout = (float)recipe.Model.Dropout,
                LabelSmoothing = (float)recipe.Model.LabelSmoothing,
            },
            recipe.Seed),
        _ => new EncoderDecoder(
            new EncoderDecoderConfig
            {
                VocabularySize = tokenizer.VocabularySize,
                MaximumLength = recipe.Model.ContextLength,
                Width = recipe.Model.Width,
                HeadCount = recipe.Model.HeadCount,
                EncoderLayerCount = recipe.Model.LayerCount,
                DecoderLayerCount = recipe.Model.LayerCount,
                NormFirst = recipe.Model.NormFirst,
                Dropout = (float)recipe.Model.Dropout,
                LabelSmoothing = (float)recipe.Model.LabelSmoothing,
            },
            recipe.Seed),
    };

    /// <summary>The shape of a gpt.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="vocabularySize">Tokens that it knows.</param>
    /// <param name="beginningOfText">The token that begins a text.</param>
    public static GptConfig ToGptConfig(this Recipe recipe, int vocabularySize, int? beginningOfText = null)
    {
        var model = recipe.Model;
        var shape = model.Architecture == "gpt2"
            ? GptConfig.Gpt2(vocabularySize, model.ContextLength, model.LayerCount, model.HeadCount, model.Width)
            : new GptConfig
            {
                VocabularySize = vocabularySize,
                ContextLength = model.ContextLength,
                LayerCount = model.LayerCount,
                HeadCount = model.HeadCount,
                KeyValueHeadCount = model.KeyValueHeadCount ?? model.HeadCount,
                Width = model.Width,
                TiedEmbedding = true,
            };
        return shape with { Dropout = (float)model.Dropout, BeginningOfTextId = beginningOfText };
    }

    /// <summary>What a recipe says of a model that exists.</summary>
    /// <param name="config">Its shape.</param>
    /// <exception cref="ArgumentException">The model has no hidden states that learn.</exception>
    internal static ModelRecipe Describe(IModelConfig config) => config switch
    {
        BertConfig c => new ModelRecipe
        {
            Kind = ModelRecipe.Bert, LayerCount = c.LayerCount, HeadCount = c.HeadCount, Width = c.Width, ContextLength = c.ContextLength, Dropout = c.Dropout,
        },
        RecurrentConfig c => new ModelRecipe
        {
            Kind = RecurrentFolder.ModelType(c.Cell), LayerCount = c.LayerCount, Width = c.Width, ContextLength = c.ContextLength, Dropout = c.Dropout,
        },
        GptConfig c => new ModelRecipe
        {
            Kind = ModelRecipe.Gpt, Architecture = GptFolder.ModelType(c), LayerCount = c.LayerCount, HeadCount = c.HeadCount,
            KeyValueHeadCount = c.KeyValueHeadCount, Width = c.Width, ContextLength = c.ContextLength, Dropout = c.Dropout,
        },
        NGramConfig => throw new ArgumentException("an n-gram model counts, and has no states to build on: take a network"),
        _ => throw new ArgumentException("a recipe can build on a GPT, a BERT or a recurrent network alone: take one of those"),
    };

    private static RecurrentConfig ToRecurrent(Recipe recipe, Tokenizer tokenizer) => new()
    {
        Cell = recipe.Model.Kind switch
        {
            ModelRecipe.Rnn => RecurrentCell.Rnn,
            ModelRecipe.Gru => RecurrentCell.Gru,
            _ => RecurrentCell.Lstm,
        },
        VocabularySize = tokenizer.VocabularySize,
        ContextLength = recipe.Model.ContextLength,
        LayerCount = recipe.Model.LayerCount,
        Width = recipe.Model.Width,
        Dropout = (float)recipe.Model.Dropout,
        BeginningOfTextId = tokenizer.BeginningOfTextId,
    };
}
