using System.Runtime.InteropServices;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Generation;

/// <summary>
/// Writes tokens for several texts in lockstep, from one prompt, over the model's memory. When that is full,
/// the later half of each text is read again and writing goes on from there.
/// </summary>
internal sealed class TokenGenerator : IDisposable
{
    private readonly ILanguageModel _model;
    private readonly TokenChooser[] _choosers; // (samples)
    private readonly List<int>[] _texts; // (samples): prompt and all that was written
    private readonly bool[] _ended; // (samples)
    private readonly InferenceTape _inference;
    private readonly ISequenceMemory _memory;
    private readonly ForwardContext _context;
    private readonly int[] _next; // (samples): the token to feed
    private readonly float[] _logits; // (samples, vocabulary)

    /// <param name="model">The model.</param>
    /// <param name="prompt">The tokens that all texts begin with.</param>
    /// <param name="options">How to choose, and how many texts.</param>
    /// <param name="promptIndex">Which of the prompts of one call.</param>
    internal TokenGenerator(ILanguageModel model, ReadOnlySpan<int> prompt, GenerationOptions options, int promptIndex = 0)
    {
        if (prompt.IsEmpty)
        {
            throw new ArgumentException("A text needs at least one token to start from.", nameof(prompt));
        }
        _model = model;
        _choosers = new TokenChooser[options.Samples];
        _texts = new List<int>[options.Samples];
        for (var i = 0; i < options.Samples; i++)
        {
            _choosers[i] = new TokenChooser(options, prompt.Length, promptIndex, i);
            _texts[i] = [.. prompt];
        }
        _ended = new bool[options.Samples];
        _next = new int[options.Samples];
        _logits = new float[options.Samples * model.Config.VocabularySize];
        _inference = new InferenceTape(options.Threads);
        _memory = model.CreateMemory(options.Samples);
        _context = new ForwardContext(_inference.Tape) { Memory = _memory };
    }

    /// <summary>Takes the next token of every text that has not ended; the first call reads the prompt.</summary>
    internal void Advance()
    {
        if (_memory.Length == 0)
        {
            Read(Math.Min(_texts[0].Count, _memory.ContextLength));
        }
        else if (_memory.Length == _memory.ContextLength)
        {
            _memory.Clear();
            Read(Math.Max(1, _memory.ContextLength / 2));
        }
        else
        {
            Feed(_next);
        }
        var vocabulary = _model.Config.VocabularySize;
        for (var i = 0; i < _next.Length; i++)
        {
            if (!_ended[i])
            {
                NonFiniteResult.Refuse(_logits.AsSpan(i * vocabulary, vocabulary), "The score of the next token", _model);
                _next[i] = _choosers[i].Next(CollectionsMarshal.AsSpan(_texts[i]), _logits.AsSpan(i * vocabulary, vocabulary));
            }
            _texts[i].Add(_next[i]); // of a text that has ended its last token again: rows go in step, and nobody reads them
        }
    }

    /// <summary>The last token of a text.</summary>
    internal int Token(int sample) => _next[sample];

    /// <summary>The logarithm of its probability, where the options ask for it.</summary>
    internal double LogProbability(int sample) => _choosers[sample].LogProbability;

    /// <summary>No more tokens of this text are wanted.</summary>
    internal void End(int sample) => _ended[sample] = true;

    public void Dispose()
    {
        _memory.Dispose();
        _inference.Dispose();
    }

    /// <summary>Reads the last <paramref name="count"/> tokens of every text into an empty memory.</summary>
    private void Read(int count)
    {
        var tokens = new int[_texts.Length * count]; // (samples, count)
        for (var i = 0; i < _texts.Length; i++)
        {
            _texts[i].CopyTo(_texts[i].Count - count, tokens, i * count, count);
        }
        Feed(tokens);
    }

    private void Feed(ReadOnlySpan<int> tokens)
    {
        lock (_model.Parameters.OnePass) // others may train, measure or write with the same model, a pass at a time
        {
            using var logits = _model.Forward(tokens, _texts.Length, _context, lastOnly: true); // (samples, 1, vocabulary)
            logits.CopyTo(_logits);
        }
        _inference.Tape.Reset();
    }
}
