using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Tokenization;

namespace Idiolect.Recipes;

/// <summary>Reads the data of a recipe, and makes its tokenizer.</summary>
public static class RecipeData
{
    /// <summary>The documents to learn from and those held out.</summary>
    /// <param name="recipe">The recipe.</param>
    public static Corpus LoadCorpus(this Recipe recipe) => Corpus.Load(
        recipe.Data.Source, new CorpusOptions { Field = recipe.Data.TextField, ValidationFraction = recipe.Data.ValidationFraction });

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
        var training = corpus.Training.Select(document => document.Text);
        string[]? special = recipe.IsBert ? [Tokenizer.EndOfText, Tokenizer.Mask] : null; // null: the kind's own
        return recipe.Tokenizer.Kind switch
        {
            TokenizerRecipe.Bpe => Train(recipe, training, special ?? [Tokenizer.EndOfText], cancellationToken),
            // A character seen only in held-out text could not be encoded; like nanoGPT, this looks at all of the text.
            TokenizerRecipe.Characters => CharacterTokenizer.Train(training.Concat(corpus.Validation.Select(document => document.Text)), special),
            TokenizerRecipe.Bytes => new ByteTokenizer(special ?? [Tokenizer.EndOfText]),
            var path => Tokenizer.Load(path),
        };
    }

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
