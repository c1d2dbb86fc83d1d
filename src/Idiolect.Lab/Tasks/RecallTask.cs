namespace Idiolect.Lab.Tasks;

/// <summary>
/// Multi-query associative recall (Arora et al. 2023, "Zoology"): pairs of a key and a value, then perhaps other tokens, then the keys
/// again in another order; at each, its value is wanted. Keys, values and other tokens are different symbols.
/// </summary>
internal sealed class RecallTask(int pairs, int gap, Random random)
{
    private const int Keys = 20;
    private const int Values = 16;
    private const int Others = 8;

    /// <summary>Values that a key may have.</summary>
    internal static int ValueCount => Values;

    internal static int Vocabulary => Keys + Values + Others;

    internal int Time => (3 * pairs) + gap;

    internal (int[] Tokens, int[] Targets) Batch(int batch)
    {
        var (tokens, targets) = (new int[batch * Time], new int[batch * Time]);
        targets.AsSpan().Fill(-1);
        var keys = Enumerable.Range(0, Keys).ToArray();
        for (var row = 0; row < batch; row++)
        {
            random.Shuffle(keys);
            var text = tokens.AsSpan(row * Time, Time);
            var values = new int[pairs];
            for (var pair = 0; pair < pairs; pair++)
            {
                values[pair] = Keys + random.Next(Values);
                (text[2 * pair], text[(2 * pair) + 1]) = (keys[pair], values[pair]);
            }
            for (var i = 0; i < gap; i++)
            {
                text[(2 * pairs) + i] = Keys + Values + random.Next(Others);
            }
            var order = Enumerable.Range(0, pairs).ToArray();
            random.Shuffle(order);
            for (var query = 0; query < pairs; query++)
            {
                var at = (2 * pairs) + gap + query;
                text[at] = keys[order[query]];
                targets[(row * Time) + at] = values[order[query]];
            }
        }
        return (tokens, targets);
    }
}
