using System.Text;
using CsCheck;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

public sealed class BytePairTrainerTests
{
    private static readonly Gen<string[]> Corpus =
        Gen.Char["ab c'\u00e9"].Array[0, 60].Select(characters => new string(characters)).Array[0, 8];

    [Fact]
    public void The_vocabulary_is_that_of_the_textbook_algorithm()
        => Gen.Select(Corpus, Gen.Int[256, 300], Gen.Bool.Select(gpt4 => gpt4 ? PreTokenizer.Gpt4 : PreTokenizer.Gpt2)).Sample((documents, size, style) =>
        {
            var tokenizer = Train(documents, size, style, threads: 1);
            Assert.Equal(Textbook(documents, size, style), Tokens(tokenizer));
        });

    [Fact]
    public void The_vocabulary_does_not_depend_on_the_number_of_threads()
        => Corpus.Sample(documents =>
        {
            documents = [.. Enumerable.Repeat(documents, 20).SelectMany(copy => copy)];
            Assert.Equal(
                Tokens(Train(documents, 300, PreTokenizer.Gpt2, threads: 1)),
                Tokens(Train(documents, 300, PreTokenizer.Gpt2, threads: 4)));
        }, iter: 30);

    [Fact]
    public void Encoding_the_corpus_uses_what_was_learnt()
    {
        var tokenizer = Train(["the then they", "other the"], 270, PreTokenizer.Gpt2, threads: 1);
        var token = Assert.Single(tokenizer.Encode(" the"));
        Assert.Equal(4, tokenizer.GetByteCount(token));
    }

    [Fact]
    public void A_text_with_too_few_pairs_gives_a_smaller_vocabulary_and_says_so()
    {
        var last = default(BytePairTrainingProgress);
        var tokenizer = new BytePairTrainer(new() { VocabularySize = 1000 })
            .Train(["ab ab"], new Report(report => last = report), TestContext.Current.CancellationToken);
        Assert.Equal(258, tokenizer.VocabularySize); // "ab" alone occurs twice
        Assert.Equal((258, 1000), (last.VocabularySize, last.TargetVocabularySize));
    }

    [Fact]
    public void Special_tokens_get_the_last_ids_and_the_first_begins_a_text()
    {
        var options = new BytePairTrainerOptions { VocabularySize = 258, SpecialTokens = ["<begin>", "<pad>"] };
        var tokenizer = new BytePairTrainer(options).Train(["x"], cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((256, 257, 256),
            (tokenizer.SpecialTokens["<begin>"], tokenizer.SpecialTokens["<pad>"], tokenizer.BeginningOfTextId!.Value));
    }

    [Fact]
    public void A_vocabulary_smaller_than_the_bytes_is_an_error()
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => new BytePairTrainer(new() { VocabularySize = 256 }));
        Assert.Contains("at least 257", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancellation_ends_the_training()
        => Assert.ThrowsAny<OperationCanceledException>(
            () => new BytePairTrainer(new()).Train(["text"], cancellationToken: new CancellationToken(canceled: true)));

    [Fact]
    public void An_error_in_reading_the_documents_comes_through_as_it_is()
        => Assert.Throws<InvalidDataException>(
            () => new BytePairTrainer(new()).Train(
                Enumerable.Range(0, 3).Select(_ => Damaged()), cancellationToken: TestContext.Current.CancellationToken));

    private static string Damaged() => throw new InvalidDataException("damaged");

    private static BytePairTokenizer Train(string[] documents, int size, PreTokenizer style, int threads)
        => new BytePairTrainer(new() { VocabularySize = size, PreTokenizer = style, SpecialTokens = [], Threads = threads }).Train(documents);

    private static IEnumerable<string> Tokens(BytePairTokenizer tokenizer)
        => Enumerable.Range(0, tokenizer.VocabularySize).Select(id => Convert.ToHexString(tokenizer.GetBytes(id)));

    // Counts all pairs anew for each merge.
    private static List<string> Textbook(string[] documents, int size, PreTokenizer style)
    {
        var tokens = ByteLevelAlphabet.BytesInOrder.Select(value => Convert.ToHexString([value])).ToList();
        var words = documents.SelectMany(document => Pieces(document, style))
            .Select(piece => Encoding.UTF8.GetBytes(piece).Select(value => Array.IndexOf(ByteLevelAlphabet.BytesInOrder, value)).ToList())
            .ToList();
        while (tokens.Count < size)
        {
            var best = words.SelectMany(word => word.Zip(word.Skip(1))).GroupBy(pair => pair)
                .OrderByDescending(group => group.Count()).ThenBy(group => group.Key.First).ThenBy(group => group.Key.Second)
                .FirstOrDefault();
            if (best is null || best.Count() < 2)
            {
                break;
            }
            var token = tokens[best.Key.First] + tokens[best.Key.Second];
            var id = tokens.IndexOf(token);
            if (id < 0)
            {
                id = tokens.Count;
                tokens.Add(token);
            }
            foreach (var word in words)
            {
                for (var i = 0; i + 1 < word.Count; i++)
                {
                    if ((word[i], word[i + 1]) == best.Key)
                    {
                        word[i] = id;
                        word.RemoveAt(i + 1);
                    }
                }
            }
        }
        return tokens;
    }

    private static List<string> Pieces(string text, PreTokenizer style)
    {
        var pieces = new List<string>();
        foreach (var piece in style.Pieces(text))
        {
            pieces.Add(piece.ToString());
        }
        return pieces;
    }

    private sealed class Report(Action<BytePairTrainingProgress> receive) : IProgress<BytePairTrainingProgress>
    {
        void IProgress<BytePairTrainingProgress>.Report(BytePairTrainingProgress value) => receive(value);
    }
}
