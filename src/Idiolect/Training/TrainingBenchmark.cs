using System.Diagnostics;
using Idiolect.Kernels;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>
/// Times training steps on random tokens: the trainer's own step, without a run's folder, evaluation and checkpoints. The steps may be
/// counted in several calls, between which something else runs.
/// </summary>
public sealed class TrainingBenchmark : IDisposable
{
    private const int MillisecondsBetweenPeaks = 250;
    private const int LeastWarmUpSteps = 3;
    private const int LeastWarmUpMilliseconds = 1000;

    private readonly ILanguageModel _model;
    private readonly TrainingOptions _options;
    private readonly RandomTokens _tokens;
    private readonly TrainingStep _step;
    private readonly OperationProfile _profile;
    private readonly List<MeasuredStep> _steps = [];
    private readonly List<double> _peaks = [];
    private long _nextPeak;
    private long _taken;

    /// <summary>Prepares the step.</summary>
    /// <param name="model">The model, trained in place; the caller keeps it.</param>
    /// <param name="options">How to train; the learning rate stays at its peak.</param>
    /// <exception cref="ArgumentException">An option makes no sense.</exception>
    public TrainingBenchmark(ILanguageModel model, TrainingOptions options)
    {
        options.Validate();
        (_model, _options) = (model, options);
        _tokens = new RandomTokens(model, options);
        _step = new TrainingStep(model.Parameters, options);
        var clock = new KernelClock();
        _profile = new OperationProfile(clock);
        (_step.Team.Clock, _step.Tape.Profile) = (clock, _profile);
    }

    /// <summary>Tokens of a step.</summary>
    public long TokensPerStep => _tokens.TokensPerStep;

    /// <summary>Takes steps for a second, at least three, that are not counted: page faults, tiered compilation, thread start.</summary>
    /// <param name="cancellationToken">Ends it between steps.</param>
    /// <returns>The milliseconds of the last of them.</returns>
    public double WarmUp(CancellationToken cancellationToken = default)
    {
        var begin = Stopwatch.GetTimestamp();
        TimeSpan last = default;
        for (var steps = 0; steps < LeastWarmUpSteps || Stopwatch.GetElapsedTime(begin).TotalMilliseconds < LeastWarmUpMilliseconds; steps++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var start = Stopwatch.GetTimestamp();
            TakeStep();
            last = Stopwatch.GetElapsedTime(start);
        }
        return last.TotalMilliseconds;
    }

    /// <summary>Takes and counts steps, and measures the machine's peak beside them.</summary>
    /// <param name="steps">How many.</param>
    /// <param name="cancellationToken">Ends it between steps.</param>
    /// <returns>The milliseconds of each step.</returns>
    public double[] Measure(int steps, CancellationToken cancellationToken = default)
    {
        for (var i = 0; i < steps; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Environment.TickCount64 >= _nextPeak)
            {
                _peaks.Add(PeakProbe.Gflops(_step.Team, _options.Precision));
                _nextPeak = Environment.TickCount64 + MillisecondsBetweenPeaks;
            }
            var allocated = GC.GetTotalAllocatedBytes(precise: true);
            _profile.Begin();
            TakeStep();
            _profile.Stop();
            allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
            _steps.Add(new MeasuredStep(_profile.Read(), allocated));
        }
        return [.. _steps.TakeLast(steps).Select(step => step.Milliseconds)];
    }

    /// <summary>What the counted steps took.</summary>
    /// <exception cref="InvalidOperationException">None were counted.</exception>
    public TrainingMeasurement Summarize()
    {
        if (_steps.Count == 0)
        {
            throw new InvalidOperationException("No steps were measured.");
        }
        using var process = Process.GetCurrentProcess();
        var peakMemory = process.PeakWorkingSet64; // before the probe's buffers
        return TrainingMeasurement.From(_steps, _peaks, Bandwidth(), TokensPerStep, _model.Config.TrainingFlopsPerToken, peakMemory);
    }

    /// <inheritdoc/>
    public void Dispose() => _step.Dispose();

    private double Bandwidth()
    {
        const int Rounds = 5;
        using var memory = new BandwidthProbe();
        memory.Update(_step.Team); // page faults
        return Enumerable.Range(0, Rounds).Max(_ => memory.Update(_step.Team));
    }

    private void TakeStep()
    {
        var gradients = _step.ComputeGradients(_taken, _tokens);
        if (!gradients.IsFinite)
        {
            throw new TrainingDivergedException($"Step {_taken + 1}: the loss is {gradients.Loss}; measure with a lower learning rate (it was {_options.LearningRate}).");
        }
        _step.Update(_taken, _options.LearningRate, gradients.Norm);
        _taken++;
    }
}
