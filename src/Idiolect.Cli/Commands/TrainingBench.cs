using Idiolect.Cli.Output;
using Idiolect.Cli.Runs;
using Idiolect.Models;
using Idiolect.Recipes;
using Idiolect.Training;

namespace Idiolect.Cli.Commands;

/// <summary>A measurement of the training step, alternating with a peer's where one is asked for.</summary>
/// <param name="recipe">What is trained.</param>
/// <param name="steps">Steps to measure; null for about ten seconds of them.</param>
/// <param name="withPeer">Whether PyTorch is measured too.</param>
/// <param name="output">Shows the result.</param>
internal sealed class TrainingBench(Recipe recipe, int? steps, bool withPeer, BenchTrainOutput output)
{
    private const double DefaultMilliseconds = 10_000;
    private const int LeastDefaultSteps = 5;
    private const int MostDefaultSteps = 500;
    private const int Rounds = 5;

    internal void Measure(CancellationToken cancellationToken)
    {
        try
        {
            MeasureAll(cancellationToken);
        }
        catch (IOException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken); // Ctrl+C reaches the peer as well, and it ends first
        }
    }

    private void MeasureAll(CancellationToken cancellationToken)
    {
        using var peer = withPeer ? PytorchPeer.Start(recipe) : null;
        using var model = new Gpt(recipe.ToGptConfig(recipe.Tokenizer.VocabularySize), recipe.Seed);
        using var benchmark = new TrainingBenchmark(model, recipe.ToTrainingOptions());
        using var stopPeer = cancellationToken.Register(() => peer?.Stop()); // which ends a wait for its answer
        output.Begin(recipe, model.Config.ParameterCount, model.Config.TrainingFlopsPerToken * benchmark.TokensPerStep);
        var last = benchmark.WarmUp(cancellationToken);
        var count = steps ?? (int)Math.Clamp(DefaultMilliseconds / last, LeastDefaultSteps, MostDefaultSteps);
        if (peer is null)
        {
            benchmark.Measure(count, cancellationToken);
            output.End(benchmark.Summarize(), count);
            return;
        }
        Alternate(benchmark, peer, count, model.Config.ParameterCount, cancellationToken);
    }

    private void Alternate(TrainingBenchmark benchmark, PytorchPeer peer, int count, long parameters, CancellationToken cancellationToken)
    {
        if (peer.Self.Parameters != parameters)
        {
            throw new InvalidDataException($"not the same work: this model has {parameters} parameters, the peer's {peer.Self.Parameters}");
        }
        List<double> theirs = [];
        for (var round = 0; round < Rounds; round++)
        {
            // The shares differ by a step at most, and add up.
            var share = (count * (round + 1) / Rounds) - (count * round / Rounds);
            if (share > 0)
            {
                var ours = benchmark.Measure(share, cancellationToken);
                var other = peer.Measure(share);
                theirs.AddRange(other);
                output.Round(Median(ours), Median(other));
            }
        }
        var measured = benchmark.Summarize();
        output.Peer(peer.Self, Median(theirs), measured.Milliseconds);
        output.End(measured, count);
    }

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
