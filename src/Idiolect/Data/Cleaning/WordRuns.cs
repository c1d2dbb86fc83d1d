using System.Runtime.InteropServices;

namespace Idiolect.Data;

/// <summary>Hashes each run of so many words; a text with fewer words is one run of them all.</summary>
/// <param name="length">Words in a run.</param>
internal sealed class WordRuns(int length)
{
    private readonly List<ulong> _waiting = new(length); // the last words, at most length - 1 once there was a run
    private bool _hasRun;

    /// <summary>Appends the runs that end within some words.</summary>
    internal void Add(ReadOnlySpan<Word> words, List<ulong> runs)
    {
        foreach (var word in words)
        {
            _waiting.Add(word.Hash);
            if (_waiting.Count == length)
            {
                runs.Add(Hash(CollectionsMarshal.AsSpan(_waiting)));
                _waiting.RemoveAt(0);
                _hasRun = true;
            }
        }
    }

    /// <summary>Appends the run of a text that ends before it had one; nothing for a text without words.</summary>
    internal void End(List<ulong> runs)
    {
        if (!_hasRun && _waiting.Count > 0)
        {
            runs.Add(Hash(CollectionsMarshal.AsSpan(_waiting)));
        }
    }

    /// <summary>A hash of words in their order.</summary>
    internal static ulong Hash(ReadOnlySpan<ulong> words)
    {
        var hash = (ulong)words.Length;
        foreach (var word in words)
        {
            hash = (ulong.RotateLeft(hash, 23) ^ word) * 0x9e3779b97f4a7c15;
        }
        return WordReader.Mix(hash);
    }
}
