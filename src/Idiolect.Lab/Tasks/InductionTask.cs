namespace Idiolect.Lab.Tasks;

/// <summary>
/// A random block of different tokens, repeated to the end; its length differs from text to text. From the second time on, the
/// next token is what followed the same token before: nothing else in the text or in the weights tells it (Elhage et al. 2021).
/// </summary>
internal sealed class InductionTask(int vocabulary, int time, int shortest, int longest, Random random)
{
    internal int Vocabulary => vocabulary;

    internal int Time => time;

    /// <summary>The lengths of the blocks of the last batch.</summary>
    internal int[] Periods { get; private set; } = [];

    /// <summary>(batch, time) tokens, and targets where the block comes again.</summary>
    internal (int[] Tokens, int[] Targets) Batch(int batch)
    {
        var (tokens, targets) = (new int[batch * time], new int[batch * time]);
        Periods = new int[batch];
        var all = Enumerable.Range(0, vocabulary).ToArray();
        for (var row = 0; row < batch; row++)
        {
            random.Shuffle(all);
            var period = Periods[row] = random.Next(shortest, longest + 1);
            for (var i = 0; i < time; i++)
            {
                tokens[(row * time) + i] = all[i % period];
                targets[(row * time) + i] = i >= period ? all[(i + 1) % period] : -1;
            }
        }
        return (tokens, targets);
    }
}
