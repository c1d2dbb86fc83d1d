using System.Globalization;
using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Tokenization;

namespace Idiolect.Recipes;

/// <summary>Reads the data of a recipe, and makes its tokenizer.</summary>
public static class RecipeData
{
    /// <summary>The documents to learn from and those held out.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static Corpus LoadCorpus(this Recipe recipe, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
        => Corpus.Load(recipe.Data.Sources, recipe.Data.Options, progress, cancellationToken);

    /// <summary>All documents as ones to learn from: nothing is held out.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="progress">Told how far it is; may be null.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static Corpus LoadWholeCorpus(this Recipe recipe, IProgress<DataProgress>? progress = null, CancellationToken cancellationToken = default)
        => Corpus.Load(recipe.Data.Sources, recipe.Data.Options with { ValidationFraction = 0, ValidationSource = null }, progress, cancellationToken);

    /// <summary>The labelled texts of a classification.</summary>
    /// <param name="recipe">The recipe.</param>
    public static LabelledCorpus LoadLabelledTexts(this Recipe recipe) => LabelledCorpus.Load(recipe.Data.Source, new LabelledCorpusOptions
    {
        TextField = recipe.Data.TextField,
        LabelField = recipe.Data.LabelField,
        ValidationFraction = recipe.Data.ValidationFraction,
    });

    /// <summary>The sentence pairs of a translation.</summary>
    /// <param name="recipe">The recipe.</param>
    public static ParallelCorpus LoadPairs(this Recipe recipe) => ParallelCorpus.Load(recipe.Data.Source, new ParallelCorpusOptions
    {
        From = recipe.Data.From,
        To = recipe.Data.Targets,
        Split = recipe.Data.Split == DataRecipe.ByAssembly ? ParallelSplitKind.Assembly : ParallelSplitKind.Cluster,
    });

    /// <summary>Loads the tokenizer that the recipe names, or trains it on the corpus.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="corpus">The corpus.</param>
    /// <param name="cancellationToken">Ends the training with an exception.</param>
    public static Tokenizer CreateTokenizer(this Recipe recipe, Corpus corpus, CancellationToken cancellationToken = default)
    {
        string[]? special = recipe.IsBert ? [Tokenizer.EndOfText, Tokenizer.Mask] // null: the kind's own
            : recipe.Data.Separator is not null ? [Tokenizer.EndOfText] : null;
        if (recipe.Tokenizer.Kind is not (TokenizerRecipe.Bpe or TokenizerRecipe.Characters))
        {
            return recipe.Tokenizer.Kind == TokenizerRecipe.Bytes ? new ByteTokenizer(special ?? [Tokenizer.EndOfText]) : Tokenizer.Load(recipe.Tokenizer.Kind);
        }
        var description = string.Create(
            CultureInfo.InvariantCulture, $"{recipe.Tokenizer.Kind} {recipe.Tokenizer.VocabularySize} {Corpus.TokenizerSampleBytes} {string.Join(' ', special ?? [])}");
        return CorpusTokens.CreateTokenizer(corpus, description, () => Train(recipe, corpus, special, cancellationToken), cancellationToken);
    }

    private static Tokenizer Train(Recipe recipe, Corpus corpus, string[]? special, CancellationToken cancellationToken)
        => recipe.Tokenizer.Kind == TokenizerRecipe.Bpe
            ? Train(recipe, corpus.TokenizerSample().Select(document => document.Text), special ?? [Tokenizer.EndOfText], cancellationToken)
            // A character seen only in held-out text could not be encoded; like nanoGPT, this looks at all of the text.
            : CharacterTokenizer.Train(corpus.Training.Concat(corpus.Validation).Select(document => document.Text), special);

    /// <summary>Loads the tokenizer that the recipe names, or trains one for both languages on the training pairs.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="corpus">The sentence pairs.</param>
    /// <param name="cancellationToken">Ends the training with an exception.</param>
    /// <exception cref="ArgumentException">The kind has no token that begins and ends a text.</exception>
    public static Tokenizer CreateTokenizer(this Recipe recipe, ParallelCorpus corpus, CancellationToken cancellationToken = default)
    {
        var kind = recipe.Tokenizer.Kind;
        if (kind is TokenizerRecipe.Characters or TokenizerRecipe.Bytes)
        {
            throw new ArgumentException($"tokenizer.kind {kind} has no token that ends a text; a translation needs bpe or a tokenizer.json that has");
        }
        var languages = recipe.Data.Targets;
        return kind != TokenizerRecipe.Bpe ? Tokenizer.Load(kind) : Train(
            recipe, corpus.Training.SelectMany(pair => new[] { pair.Source, pair.Target }),
            [Tokenizer.EndOfText, .. languages.Length > 1 ? languages.Select(Translator.Tag) : []], cancellationToken);
    }

    private static BytePairTokenizer Train(Recipe recipe, IEnumerable<string> texts, string[] special, CancellationToken cancellationToken)
        => new BytePairTrainer(new BytePairTrainerOptions
        {
            VocabularySize = recipe.Tokenizer.VocabularySize,
            SpecialTokens = special,
            Threads = recipe.Threads ?? Environment.ProcessorCount,
        }).Train(texts, progress: null, cancellationToken);
}
