using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Models;

/// <summary>
/// A decoder-only model that writes a second sequence after the first in one stream (Liu et al. 2018, "Generating Wikipedia by
/// summarizing long sequences", section 4.2.3). Here only the second sequence is learned, and without label smoothing.
/// </summary>
/// <param name="model">The language model, owned by the new object.</param>
public sealed class StreamSequenceToSequence(Gpt model) : ISequenceToSequence
{
    private int[] _tokens = []; // (count, time): source, then inputs, then padding
    private int[] _targets = []; // (count, time)

    /// <summary>The language model.</summary>
    public Gpt Model => model;

    /// <inheritdoc/>
    public ISequenceToSequenceConfig Config { get; } = new StreamConfig(model.Config);

    /// <inheritdoc/>
    public ParameterSet Parameters => model.Parameters;

    /// <inheritdoc/>
    public Tensor Loss(in SequencePairs pairs, ForwardContext context)
    {
        SequencePairs.Check(pairs, Config.VocabularySize);
        var (sourceTime, targetTime) = (pairs.Source.Length / pairs.Count, pairs.Inputs.Length / pairs.Count);
        var time = 0;
        foreach (var length in pairs.SourceLengths)
        {
            time = Math.Max(time, length + targetTime);
        }
        var count = pairs.Count * time;
        if (_tokens.Length < count)
        {
            (_tokens, _targets) = (new int[count], new int[count]);
        }
        _tokens.AsSpan(0, count).Clear();
        _targets.AsSpan(0, count).Fill(-1);
        for (var row = 0; row < pairs.Count; row++)
        {
            var length = pairs.SourceLengths[row];
            pairs.Source.Slice(row * sourceTime, length).CopyTo(_tokens.AsSpan(row * time));
            pairs.Inputs.Slice(row * targetTime, targetTime).CopyTo(_tokens.AsSpan((row * time) + length));
            pairs.Targets.Slice(row * targetTime, targetTime).CopyTo(_targets.AsSpan((row * time) + length));
        }
        return model.Loss(_tokens.AsSpan(0, count), _targets.AsSpan(0, count), pairs.Count, context);
    }

    /// <summary>Reads sources, which must have one length, since they are continued in step.</summary>
    /// <inheritdoc/>
    public IDecoding BeginDecoding(Tape tape, ReadOnlySpan<int> source, ReadOnlySpan<int> lengths, int beams, int maximumLength)
    {
        var time = TokenIds.Time(source, lengths.Length, Config.VocabularySize, nameof(source));
        TokenIds.CheckLengths(lengths, time, nameof(lengths));
        if (lengths.ContainsAnyExcept(lengths[0]))
        {
            throw new ArgumentException("Sources of a stream must have one length.", nameof(lengths));
        }
        return new Decoding(model, tape, source, time, lengths, beams);
    }

    /// <inheritdoc/>
    public void Dispose() => model.Dispose();

    /// <summary>Each side may fill half of the context.</summary>
    private sealed record StreamConfig(GptConfig Gpt) : ISequenceToSequenceConfig
    {
        public int VocabularySize => Gpt.VocabularySize;

        public int MaximumLength => Gpt.ContextLength / 2;

        public void Validate() => Gpt.Validate();
    }

    private sealed class Decoding : IDecoding
    {
        private readonly Gpt _model;
        private readonly KeyValueCache _cache;
        private readonly ForwardContext _context;

        internal Decoding(Gpt model, Tape tape, ReadOnlySpan<int> source, int time, ReadOnlySpan<int> lengths, int beams)
        {
            var (rows, length) = (lengths.Length * beams, lengths[0]); // all have that length
            _model = model;
            _cache = model.CreateCache(rows);
            _context = new ForwardContext(tape) { Cache = _cache };
            var tokens = new int[rows * length]; // each source once for each of its beams, without padding
            for (var row = 0; row < rows; row++)
            {
                source.Slice(row / beams * time, length).CopyTo(tokens.AsSpan(row * length));
            }
            try
            {
                model.Forward(tokens, rows, _context, lastOnly: true).Dispose();
            }
            catch
            {
                Dispose(); // nobody else holds it yet
                throw;
            }
            finally
            {
                tape.Reset();
            }
        }

        public void Advance(ReadOnlySpan<int> tokens, ReadOnlySpan<int> parents, Span<float> logits)
        {
            TokenIds.CheckNext(tokens, _cache.Batch, _model.Config.VocabularySize, nameof(tokens));
            _cache.Reorder(parents);
            using (var scores = _model.Forward(tokens, tokens.Length, _context, lastOnly: true))
            {
                scores.CopyTo(logits);
            }
            _context.Tape.Reset();
        }

        public void Dispose() => _cache.Dispose();
    }
}
