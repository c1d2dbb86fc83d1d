namespace Idiolect.Tokenization;

/// <summary>
/// Learns a byte-level BPE vocabulary: counts the different pieces of the text, then joins the most frequent pair of
/// neighbours into a token, again and again. Of pairs that are equally frequent the one with the smaller ids wins, so the
/// result depends on the text alone.
/// </summary>
public sealed class BytePairTrainer
{
    private const int MergesPerReport = 128;

    private static readonly byte[][] Bytes = [.. ByteLevelAlphabet.BytesInOrder.Select(value => new[] { value })];

    private readonly BytePairTrainerOptions _options;

    /// <summary>Checks the options.</summary>
    /// <exception cref="ArgumentException">
    /// The vocabulary is too small for the bytes and special tokens, a special token is empty, there twice or how a byte is written, or
    /// there is no thread.
    /// </exception>
    public BytePairTrainer(BytePairTrainerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var smallest = 256 + options.SpecialTokens.Count;
        if (options.VocabularySize < smallest)
        {
            throw new ArgumentOutOfRangeException(
                nameof(options), $"A vocabulary of {options.VocabularySize} is too small: it needs at least {smallest} tokens, 256 bytes and {options.SpecialTokens.Count} special.");
        }
        _ = AddedTokenSet.From(options.SpecialTokens, Written(Bytes)); // fails now rather than when all is learned
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1, nameof(options));
        _options = options;
    }

    /// <summary>Learns from the documents, which are read once.</summary>
    /// <param name="documents">The texts; no token spans two of them.</param>
    /// <param name="progress">Receives reports, the last one when all is done; may be null.</param>
    /// <param name="cancellationToken">Ends the training early.</param>
    /// <returns>
    /// A tokenizer of the size asked for, or a smaller one where the text has not so many pairs that occur at least twice:
    /// compare <see cref="Tokenizer.VocabularySize"/>.
    /// </returns>
    /// <exception cref="ArgumentException">A special token became an ordinary one, so often does the text hold it.</exception>
    /// <exception cref="OperationCanceledException">The training was cancelled.</exception>
    public BytePairTokenizer Train(
        IEnumerable<string> documents,
        IProgress<BytePairTrainingProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(documents);
        var counter = new WordCounter(_options.PreTokenizer, _options.Threads);
        var words = counter.Count(
            documents, characters => progress?.Report(new(characters, 0, 0, _options.VocabularySize)), cancellationToken);
        var tokens = Bytes.ToList();
        var rules = Merge(words, tokens, Report, cancellationToken);
        Report();
        return new BytePairTokenizer(
            _options.PreTokenizer, tokens, rules, AddedTokenSet.From(_options.SpecialTokens, Written(tokens)));

        void Report() => progress?.Report(new(
            counter.Characters, words.Count, tokens.Count + _options.SpecialTokens.Count, _options.VocabularySize));
    }

    private static string[] Written(IEnumerable<byte[]> tokens) => [.. tokens.Select(bytes => ByteLevelAlphabet.Write(bytes))];

    // Adds tokens until there are enough of them or no pair is left.
    private List<MergeRule> Merge(
        Dictionary<string, long> words, List<byte[]> tokens, Action report, CancellationToken cancellationToken)
    {
        var pairs = new PairIndex(words);
        var rules = new List<MergeRule>();
        var ids = tokens.Select((token, id) => KeyValuePair.Create(ByteLevelAlphabet.Write(token), id)).ToDictionary();
        while (tokens.Count + _options.SpecialTokens.Count < _options.VocabularySize && pairs.TryTakeMostFrequent(out var pair))
        {
            cancellationToken.ThrowIfCancellationRequested();
            byte[] bytes = [.. tokens[pair.Left], .. tokens[pair.Right]];

            // Two pairs can spell the same token: "ab" "c" and "a" "bc".
            if (ids.TryAdd(ByteLevelAlphabet.Write(bytes), tokens.Count))
            {
                tokens.Add(bytes);
            }
            var rule = new MergeRule(pair, ids[ByteLevelAlphabet.Write(bytes)]);
            pairs.Merge(rule);
            rules.Add(rule);
            if (rules.Count % MergesPerReport == 0)
            {
                report();
            }
        }
        return rules;
    }
}
