using System.Runtime.InteropServices;

namespace Idiolect.Data;

/// <summary>
/// The runs of 13 words of a text that must stay unseen, by which texts that hold a part of it are found (Brown et al., "Language Models are Few-Shot
/// Learners", 2020, appendix C). A text of fewer words is one run.
/// </summary>
internal sealed class HeldOutText
{
    /// <summary>Words in a run.</summary>
    internal const int RunLength = 13;

    private const int MostRuns = 1 << 23; // some 300 MB of memory

    private readonly HashSet<ulong> _runs = [];

    /// <param name="documents">The text.</param>
    /// <param name="most">The most runs that are kept.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <exception cref="InvalidDataException">It has no words, or too many.</exception>
    internal HeldOutText(IEnumerable<Document> documents, CancellationToken cancellationToken, int most = MostRuns)
    {
        var (words, runs) = (new List<Word>(), new List<ulong>());
        var (reader, open) = (new WordReader(), new WordRuns(RunLength));
        foreach (var document in documents)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!document.IsContinuation)
            {
                End();
                (reader, open) = (new WordReader(), new WordRuns(RunLength));
            }
            reader.Add(document.Text, words);
            Keep();
        }
        End();
        if (_runs.Count == 0)
        {
            throw new InvalidDataException("The held-out text has no words: give the text on which a model is to be measured.");
        }

        void Keep()
        {
            open.Add(CollectionsMarshal.AsSpan(words), runs);
            _runs.UnionWith(runs);
            words.Clear();
            runs.Clear();
            if (_runs.Count > most)
            {
                throw new InvalidDataException($"The held-out text has more than {most:N0} words: give a smaller part of it.");
            }
        }

        void End()
        {
            reader.End(words);
            Keep();
            open.End(runs);
            Keep();
        }
    }

    /// <summary>Whether one of some runs is in the text.</summary>
    internal bool HasAny(ReadOnlySpan<ulong> runs)
    {
        foreach (var run in runs)
        {
            if (_runs.Contains(run))
            {
                return true;
            }
        }
        return false;
    }
}
