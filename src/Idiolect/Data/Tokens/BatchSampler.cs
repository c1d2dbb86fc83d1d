using Idiolect.Kernels;

namespace Idiolect.Data;

/// <summary>
/// Draws training batches. A batch is a pure function of the seed and its position (step, micro-step): there is no state to
/// save, and a run that resumes sees what it would have seen.
/// </summary>
/// <remarks>
/// The default order is <see cref="SamplingOrder.Shuffled"/>: a run of less than one epoch then sees no token twice, and gradients
/// vary less than with replacement, where a run of one epoch sees each window with probability 63% only. Windows do not overlap;
/// each epoch has a new order and cuts the stream at a new offset, so that a token is seen at different places of the context.
/// <see cref="SamplingOrder.Contiguous"/> is for models that carry a state. Its stretches are not longer because neighbouring documents
/// resemble each other: a model that reads a whole corpus in order follows the text at hand and forgets the rest.
/// <see cref="SamplingOrder.Random"/> is for comparisons with nanoGPT's published numbers.
/// </remarks>
public sealed class BatchSampler
{
    private const int LongestStretch = 16; // windows

    private readonly TokenDataset _data;
    private readonly ulong _key;
    private readonly SamplingOrder _order;
    private readonly long _stretchLength; // tokens that a row reads in order
    private readonly long _stretchesPerEpoch;

    /// <summary>Makes a sampler.</summary>
    /// <param name="data">The token stream; it must outlive the sampler.</param>
    /// <param name="batchSize">The windows of one batch.</param>
    /// <param name="contextLength">The tokens of one window.</param>
    /// <param name="seed">Decides the order.</param>
    /// <param name="microSteps">The batches of one optimiser step (gradient accumulation).</param>
    /// <param name="order">How windows are drawn.</param>
    /// <exception cref="InvalidDataException">The stream is shorter than one window and the token after it.</exception>
    public BatchSampler(
        TokenDataset data, int batchSize, int contextLength, ulong seed, int microSteps = 1, SamplingOrder order = SamplingOrder.Shuffled)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(microSteps, 1);
        data.RequireContext(contextLength);
        _data = data;
        _order = order;
        _key = CounterRandom.Derive(seed, (ulong)order);
        BatchSize = batchSize;
        ContextLength = contextLength;
        MicroSteps = microSteps;

        WindowsPerStretch = order == SamplingOrder.Contiguous
            ? (int)Math.Clamp((data.TokenCount - 1) / ((long)batchSize * microSteps * contextLength), 1, LongestStretch)
            : 1;
        _stretchLength = (long)WindowsPerStretch * contextLength;
        // One fewer than fit leaves room for the offset.
        _stretchesPerEpoch = Math.Max(1, ((data.TokenCount - 1) / _stretchLength) - 1);
    }

    /// <summary>The windows of one batch.</summary>
    public int BatchSize { get; }

    /// <summary>The tokens of one window.</summary>
    public int ContextLength { get; }

    /// <summary>The batches of one optimiser step.</summary>
    public int MicroSteps { get; }

    /// <summary>The windows that a shuffled epoch visits.</summary>
    public long WindowsPerEpoch => _stretchesPerEpoch * WindowsPerStretch;

    /// <summary>The windows that a row reads one after the other, in as many steps: 1 unless the order is contiguous.</summary>
    public int WindowsPerStretch { get; }

    /// <summary>The epochs (passes through the stream) that a number of steps amounts to.</summary>
    public double Epochs(long steps) => (double)steps * MicroSteps * BatchSize * ContextLength / _data.TokenCount;

    /// <summary>Fills one batch; allocates nothing.</summary>
    /// <param name="step">The optimiser step, from 0.</param>
    /// <param name="microStep">The batch within the step, from 0.</param>
    /// <param name="inputs">Receives the tokens, (batch, context).</param>
    /// <param name="targets">Receives the token after each, (batch, context).</param>
    /// <exception cref="ArgumentException">A span is not batch x context long.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The position is negative, or the micro-step is not within the step.</exception>
    public void Fill(long step, int microStep, Span<int> inputs, Span<int> targets)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(microStep);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(microStep, MicroSteps);
        Window.Require(inputs, targets, BatchSize, ContextLength);
        for (var row = 0; row < BatchSize; row++)
        {
            var sample = (((step * MicroSteps) + microStep) * BatchSize) + row;
            var start = _order == SamplingOrder.Random ? RandomStart(sample) : ShuffledStart(step, microStep, row);
            Window.Fill(_data, start, ContextLength, Window.Row(inputs, row, ContextLength), Window.Row(targets, row, ContextLength));
        }
    }

    /// <summary>Whether the rows of a step begin elsewhere than where those of the step before ended.</summary>
    /// <param name="step">The optimiser step, from 0.</param>
    public bool BeginsAnew(long step) => step % WindowsPerStretch == 0;

    private long RandomStart(long sample) => Below(_data.TokenCount - ContextLength, CounterRandom.Uniform(_key, (ulong)sample));

    private long ShuffledStart(long step, int microStep, int row)
    {
        var (turn, window) = Math.DivRem(step, WindowsPerStretch);
        var stretch = (((turn * MicroSteps) + microStep) * BatchSize) + row;
        var (epoch, index) = Math.DivRem(stretch, _stretchesPerEpoch);
        var epochKey = CounterRandom.Derive(_key, (ulong)epoch);
        var slack = _data.TokenCount - 1 - (_stretchesPerEpoch * _stretchLength);
        var offset = Below(Math.Min(slack + 1, _stretchLength), CounterRandom.Uniform(epochKey, 0));
        return offset + (new KeyedPermutation(_stretchesPerEpoch, epochKey).Map(index) * _stretchLength) + (window * ContextLength);
    }

    private static long Below(long bound, double uniform) => (long)(uniform * bound);
}
