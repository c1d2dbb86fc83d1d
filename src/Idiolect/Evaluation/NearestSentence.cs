using System.Runtime.InteropServices;
using Idiolect.Data;

namespace Idiolect.Evaluation;

/// <summary>
/// The baseline without a neural network: translates a sentence by the translation of the training sentence that is most like
/// it. Like means the cosine of the angle between counts of character n-grams, rare ones weighing more (tf-idf).
/// </summary>
public sealed class NearestSentence
{
    private const int Order = 4;

    private readonly IReadOnlyList<SentencePair> _training;
    private readonly Dictionary<(string Language, ulong Gram), List<(int Pair, float Weight)>> _postings = [];
    private readonly Dictionary<ulong, float> _rarity = [];

    /// <summary>Indexes the training sentences.</summary>
    /// <param name="training">The pairs to choose among.</param>
    public NearestSentence(IReadOnlyList<SentencePair> training)
    {
        _training = training;
        var grams = training.Select(pair => NGrams(pair.Source)).ToArray();
        foreach (var gram in grams.SelectMany(counts => counts.Keys))
        {
            CollectionsMarshal.GetValueRefOrAddDefault(_rarity, gram, out _)++;
        }
        foreach (var gram in _rarity.Keys)
        {
            _rarity[gram] = MathF.Log((1f + training.Count) / _rarity[gram]);
        }
        for (var pair = 0; pair < grams.Length; pair++)
        {
            var norm = MathF.Sqrt(grams[pair].Sum(gram => Square(gram.Value * _rarity[gram.Key])));
            foreach (var (gram, count) in grams[pair])
            {
                ref var list = ref CollectionsMarshal.GetValueRefOrAddDefault(_postings, (training[pair].Language, gram), out _);
                (list ??= []).Add((pair, count * _rarity[gram] / norm));
            }
        }
    }

    /// <summary>The translation of the nearest training sentence into that language; the first of several, empty without any.</summary>
    /// <param name="sentence">The sentence.</param>
    /// <param name="language">The target language.</param>
    public string Translate(string sentence, string language)
    {
        var scores = new Dictionary<int, float>();
        foreach (var (gram, count) in NGrams(sentence))
        {
            if (_postings.TryGetValue((language, gram), out var postings))
            {
                foreach (var (pair, weight) in postings)
                {
                    CollectionsMarshal.GetValueRefOrAddDefault(scores, pair, out _) += weight * count * _rarity[gram];
                }
            }
        }
        var best = -1;
        foreach (var (pair, score) in scores)
        {
            best = best < 0 || score > scores[best] || (score == scores[best] && pair < best) ? pair : best;
        }
        return best < 0 ? "" : _training[best].Target;
    }

    private static float Square(float x) => x * x;

    /// <summary>How often each run of characters occurs, a space before and behind; the key is the four UTF-16 units themselves.</summary>
    private static Dictionary<ulong, int> NGrams(string text)
    {
        var padded = $" {text.ToLowerInvariant()} ";
        var counts = new Dictionary<ulong, int>();
        ulong gram = 0;
        for (var i = 0; i < padded.Length; i++)
        {
            gram = (gram << 16) | padded[i];
            if (i >= Order - 1 || i == padded.Length - 1)
            {
                CollectionsMarshal.GetValueRefOrAddDefault(counts, gram, out _)++;
            }
        }
        return counts;
    }
}
