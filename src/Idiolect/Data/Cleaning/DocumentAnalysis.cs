using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Idiolect.Data;

/// <summary>What is found out about one document by itself; it may come in parts, and little of a long one is held.</summary>
/// <param name="name">Where it comes from.</param>
/// <param name="rules">Whether <see cref="GopherRules"/> are applied.</param>
/// <param name="heldOut">What it must not hold; null for nothing.</param>
internal sealed class DocumentAnalysis(string name, bool rules, HeldOutText? heldOut) : IDisposable
{
    private const int ShingleLength = 5; // words, as Lee et al., "Deduplicating Training Data Makes Language Models Better", 2022, have it
    private const int MostCharacters = 1 << 24; // of the beginning, for what lines and paragraphs repeat
    private const int BeginningLength = 200;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly WordReader _reader = new();
    private readonly WordRuns _shingles = new(ShingleLength);
    private readonly WordRuns _heldOutRuns = new(HeldOutText.RunLength);
    private readonly MinHash _minHash = new();
    private readonly List<Word> _words = []; // all, up to those that rules allow; else those of one part
    private readonly List<ulong> _runs = [];
    private readonly StringBuilder _text = new();
    private int _used; // words that are in runs already

    internal string Name => name;

    internal string Beginning { get; private set; } = "";

    /// <summary>UTF-16 units.</summary>
    internal long Characters { get; private set; }

    /// <summary>SHA-256 of the text.</summary>
    internal byte[] Digest { get; private set; } = [];

    /// <summary>Of its runs of 5 words; empty for a text without words.</summary>
    internal ushort[] Signature { get; private set; } = [];

    internal (string Rule, string Figures)? BrokenRule { get; private set; }

    internal bool HasHeldOutText { get; private set; }

    internal void Add(string text)
    {
        if (Characters == 0)
        {
            Beginning = text[..Math.Min(text.Length, BeginningLength)];
        }
        Characters += text.Length;
        _hash.AppendData(MemoryMarshal.AsBytes(text.AsSpan()));
        if (rules && _text.Length < MostCharacters)
        {
            _text.Append(text);
        }
        _reader.Add(text, _words);
        UseWords();
    }

    internal void End()
    {
        _reader.End(_words);
        UseWords();
        _shingles.End(_runs);
        UseShingles();
        if (heldOut is not null)
        {
            _heldOutRuns.End(_runs);
            UseHeldOutRuns();
        }
        Digest = _hash.GetHashAndReset();
        Signature = _minHash.HasElements ? _minHash.Signature() : [];
        BrokenRule = rules ? GopherRules.FindBroken(_text.ToString(), _words, _reader.SpacelessCount) : null;
        _words.Clear();
        _text.Clear();
    }

    public void Dispose() => _hash.Dispose();

    private void UseWords()
    {
        var words = CollectionsMarshal.AsSpan(_words)[_used..];
        _shingles.Add(words, _runs);
        UseShingles();
        if (heldOut is not null)
        {
            _heldOutRuns.Add(words, _runs);
            UseHeldOutRuns();
        }
        if (!rules)
        {
            _words.Clear();
        }
        else if (_words.Count > GopherRules.MostWords + 1)
        {
            _words.RemoveRange(GopherRules.MostWords + 1, _words.Count - GopherRules.MostWords - 1); // one too many says that it is too long
            _text.Clear();
        }
        _used = _words.Count;
    }

    private void UseShingles()
    {
        foreach (var run in _runs)
        {
            _minHash.Add(run);
        }
        _runs.Clear();
    }

    private void UseHeldOutRuns()
    {
        HasHeldOutText |= heldOut!.HasAny(CollectionsMarshal.AsSpan(_runs));
        _runs.Clear();
    }
}
