using Idiolect.Kernels;
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
    private readonly Sampler[] _samplers;
    private readonly List<int>[] _texts; // prompt and all that was written
    private readonly Team? _team; // its own, where the shared one has another number of threads
    private readonly Tape _tape;
    private readonly ISequenceMemory _memory;
    private readonly ForwardContext _context;
    private readonly int[] _next; // (samples): the token to feed
    private float[] _logits; // (samples, vocabulary)

    internal TokenGenerator(ILanguageModel model, ReadOnlySpan<int> prompt, GenerationOptions options)
    {
        if (prompt.IsEmpty)
        {
            throw new ArgumentException("A text needs at least one token to start from.", nameof(prompt));
        }
        _model = model;
        _team = options.Threads == 0 ? null : new Team(options.Threads, IsaSelector.Default);
        _tape = new Tape(_team ?? Team.Shared, recording: false);
        _samplers = new Sampler[options.Samples];
        _texts = new List<int>[options.Samples];
        for (var i = 0; i < options.Samples; i++)
        {
            _samplers[i] = new Sampler(options, i);
            _texts[i] = [.. prompt];
            foreach (var id in prompt)
            {
                _samplers[i].Observe(id);
            }
        }
        _memory = model.CreateMemory(options.Samples);
        _context = new ForwardContext(_tape) { Memory = _memory };
        _next = new int[options.Samples];
        _logits = new float[options.Samples * model.Config.VocabularySize];
    }

    /// <summary>The next token of every text; the first call reads the prompt.</summary>
    internal ReadOnlySpan<int> Next()
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
            _next[i] = _samplers[i].Next(_logits.AsSpan(i * vocabulary, vocabulary));
            _samplers[i].Observe(_next[i]);
            _texts[i].Add(_next[i]);
        }
        return _next;
    }

    public void Dispose()
    {
        _memory.Dispose();
        _tape.Dispose();
        _team?.Dispose();
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
        lock (_model.Parameters.OnePass) // several threads may write with one model
        {
            using var logits = _model.Forward(tokens, _texts.Length, _context, lastOnly: true); // (samples, 1, vocabulary)
            logits.CopyTo(_logits);
        }
        _tape.Reset();
    }
}
