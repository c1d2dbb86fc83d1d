using System.Collections.Concurrent;
using Idiolect.Kernels;
using Idiolect.Training;

namespace Idiolect.Lab.Models;

/// <summary>How a training went.</summary>
/// <param name="Steps">The steps at which it was looked at.</param>
/// <param name="Losses">The mean loss since the last look.</param>
/// <param name="Scores">What was asked of the model there; empty where nothing was.</param>
/// <param name="Diverged">Whether a loss was not finite; the training ended there.</param>
internal sealed record LearningCurve(double[] Steps, double[] Losses, double[] Scores, bool Diverged)
{
    private const double Plateau = 0.01;

    internal double FinalLoss => Losses.Length == 0 ? double.NaN : Losses[^1];

    /// <summary>
    /// Whether the last fifth of the steps made the loss less than 1% better, or it is below 1% of what it was at first: the mean of the last tenth
    /// against that of the tenth that ended a fifth before.
    /// </summary>
    internal bool IsTrainedOut
    {
        get
        {
            var tenth = Losses.Length / 10;
            if (Diverged || tenth == 0)
            {
                return false;
            }
            var before = Losses[^(3 * tenth)..^(2 * tenth)].Average();
            var after = Losses[^tenth..].Average();
            return after > before * (1 - Plateau) || after < Plateau * Losses[0];
        }
    }
}

/// <summary>Trains models on batches made as they are needed.</summary>
internal static class LabTraining
{
    /// <summary>Trains.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">How; its steps and learning rate above all.</param>
    /// <param name="batch">Sequences in a batch.</param>
    /// <param name="next">Makes a batch: tokens and targets, -1 where none counts.</param>
    /// <param name="progress">Hears the fraction done; may throw to end it.</param>
    /// <param name="looks">How often the curve is noted, as near as whole steps allow; the last step is always looked at.</param>
    /// <param name="score">What to ask of the model at each look.</param>
    /// <param name="beforeUpdate">Changes gradients before each update.</param>
    /// <param name="enough">Whether a score ends the training.</param>
    /// <param name="team">The threads; all of the processor's if null.</param>
    internal static LearningCurve Train(
        ITokenModel model, TrainingOptions options, int batch, Func<(int[] Tokens, int[] Targets)> next, Action<double> progress,
        int looks = 20, Func<double>? score = null, Action? beforeUpdate = null, Func<double, bool>? enough = null, Team? team = null)
    {
        using var training = new TrainingStep(model.Parameters, options, team: team ?? Team.Shared) { BeforeUpdate = beforeUpdate };
        var (steps, losses, scores) = (new List<double>(), new List<double>(), new List<double>());
        var every = (int)Math.Max(1, options.Steps / looks);
        var (sum, summed) = (0.0, 0);
        for (var step = 1; step <= options.Steps; step++)
        {
            progress((double)(step - 1) / options.Steps);
            var (tokens, targets) = next();
            var taken = training.Take(context => model.Loss(tokens, targets, batch, context));
            if (!taken.IsFinite)
            {
                return new LearningCurve([.. steps], [.. losses], [.. scores], Diverged: true);
            }
            sum += taken.Loss;
            summed++;
            if (step % every == 0 || step == options.Steps)
            {
                steps.Add(step);
                losses.Add(sum / summed);
                (sum, summed) = (0, 0);
                if (score != null)
                {
                    scores.Add(score());
                    if (enough?.Invoke(scores[^1]) == true)
                    {
                        break;
                    }
                }
            }
        }
        return new LearningCurve([.. steps], [.. losses], [.. scores], Diverged: false);
    }

    /// <summary>Does the same with each learning rate and keeps the best: every baseline gets as many trials.</summary>
    /// <param name="rates">The learning rates.</param>
    /// <param name="progress">Hears the fraction done.</param>
    /// <param name="run">Trains with one of them.</param>
    /// <param name="quality">Higher is better; not a number is worst.</param>
    internal static T Tune<T>(double[] rates, Action<double> progress, Func<double, Action<double>, T> run, Func<T, double> quality)
    {
        var trials = rates.Select((rate, i) => run(rate, fraction => progress((i + fraction) / rates.Length))).ToArray();
        double Rank(T trial)
        {
            var value = quality(trial);
            return double.IsNaN(value) ? double.NegativeInfinity : value;
        }
        return trials.MaxBy(Rank)!;
    }

    /// <summary>
    /// Runs trials in parallel, each on one thread: for models so small that two threads would mostly wait for each other. A trial's bits do
    /// not depend on that, but its time does.
    /// </summary>
    /// <param name="bench">Hears the fraction done; cancels.</param>
    /// <param name="trials">What to run, the longest first.</param>
    /// <param name="run">Runs one on the thread that it is given.</param>
    /// <param name="advance">Hears the fraction done instead of the bench; may throw to end it.</param>
    internal static TResult[] InParallel<TTrial, TResult>(
        this Bench bench, TTrial[] trials, Func<TTrial, Team, Action<double>, TResult> run, Action<double>? advance = null)
    {
        advance ??= bench.Advance;
        var (results, done) = (new TResult[trials.Length], new double[trials.Length]);
        var options = new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount, CancellationToken = bench.CancellationToken };
        var oneByOne = Partitioner.Create(Enumerable.Range(0, trials.Length), EnumerablePartitionerOptions.NoBuffering);
        Parallel.ForEach(oneByOne, options, i =>
        {
            using var team = new Team(1);
            results[i] = run(trials[i], team, fraction =>
            {
                lock (done)
                {
                    done[i] = fraction;
                    advance(done.Sum() / trials.Length);
                }
            });
        });
        return results;
    }

    /// <summary>Searches for the best setting of each arm (see <see cref="FairSearch"/>), trials in parallel; a quick run tries the middle of each dial only.</summary>
    /// <param name="bench">Hears the fraction done; cancels.</param>
    /// <param name="arms">What is compared.</param>
    /// <param name="dials">What is searched.</param>
    /// <param name="run">Runs a trial: the number of the arm, the values of the dials.</param>
    /// <param name="tie">Qualities that differ by less are equal.</param>
    /// <param name="part">Which part of the experiment this is.</param>
    /// <param name="parts">Of how many.</param>
    internal static IReadOnlyList<Chosen<T>> Search<T>(
        this Bench bench, IReadOnlyList<string> arms, IReadOnlyList<Dial> dials, Func<int, double[], Team, Action<double>, Trial<T>> run, double tie = 0, int part = 0, int parts = 1)
    {
        var quick = dials.Select(dial => dial with { Values = [dial.Values[dial.Values.Length / 2]] }).ToArray();
        return FairSearch.Run(
            arms, bench.Quick ? quick : dials,
            settings => bench.InParallel([.. settings], (each, team, progress) => run(each.Arm, each.Setting, team, progress), bench.Part(part, parts)), !bench.Quick, tie);
    }

    /// <summary>A part of a longer piece of work.</summary>
    internal static Action<double> Part(this Bench bench, int part, int parts) => fraction => bench.Advance((part + fraction) / parts);
}
