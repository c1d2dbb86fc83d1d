namespace Idiolect.Lab.Tasks;

/// <summary>
/// A random block of different tokens, repeated to the end; its length differs from text to text. From the second time on, the
/// next token is what followed the same token before (Elhage et al. 2021). Where whole blocks come again it is also the one that was not seen for
/// longest, which one layer of attention finds; where pieces of the block come again in any order, nothing else in the text or in the weights tells it.
/// </summary>
/// <param name="vocabulary">Different tokens.</param>
/// <param name="time">Tokens of a text.</param>
/// <param name="shortest">The fewest tokens of a block.</param>
/// <param name="longest">The most.</param>
/// <param name="random">Draws the texts.</param>
/// <param name="pieces">Whether the block comes again in pieces of two to five tokens, in any order.</param>
internal sealed class InductionTask(int vocabulary, int time, int shortest, int longest, Random random, bool pieces = false)
{
    internal int Vocabulary => vocabulary;

    internal int Time => time;

    /// <summary>(batch, time) tokens, and targets where the block comes again.</summary>
    internal (int[] Tokens, int[] Targets) Batch(int batch)
    {
        var (tokens, targets) = (new int[batch * time], new int[batch * time]);
        var all = Enumerable.Range(0, vocabulary).ToArray();
        for (var row = 0; row < batch; row++)
        {
            random.Shuffle(all);
            var period = random.Next(shortest, longest + 1);
            var (at, left) = (0, period); // in the block, and of the piece
            for (var i = 0; i < time; i++)
            {
                if (pieces && left == 0)
                {
                    left = random.Next(2, 6);
                    at = random.Next(period - left + 1); // not over the block's end, behind which nothing stood
                }
                left--;
                tokens[(row * time) + i] = all[at];
                at = (at + 1) % period;
                targets[(row * time) + i] = i >= period && !(pieces && left == 0) ? all[at] : -1;
            }
        }
        return (tokens, targets);
    }
}
