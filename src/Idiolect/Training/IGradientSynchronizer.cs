using Idiolect.Tensors;

namespace Idiolect.Training;

/// <summary>
/// Joins processes that train one model together, each on a slice of every step's passes (data parallelism; Li et al. 2020, "PyTorch
/// distributed"): where an all-reduce stands. All of them make the same calls in the same order, whatever a step uses of the model.
/// A rank that ends alone leaves the others waiting: cancel all of them before the same step, or none.
/// </summary>
public interface IGradientSynchronizer
{
    /// <summary>Which of the processes this is, counted from 0.</summary>
    int Rank { get; }

    /// <summary>How many there are; at most the passes of a step (<see cref="TrainingOptions.GradientAccumulation"/>).</summary>
    int RankCount { get; }

    /// <summary>Gradients that a bucket holds at least, but for the last: few large ones carry more a second, many small ones begin earlier.</summary>
    long BucketLength => 4 * 1024 * 1024;

    /// <summary>
    /// Begins to replace a bucket's gradients by their sums over all ranks. Called in the last backward pass of a step, when nothing more will be
    /// added to them, in the order of the buckets; it may return before the sums are there, so that the pass goes on meanwhile.
    /// </summary>
    /// <param name="bucket">The gradients; those of parameters that this rank's step did not use are zero.</param>
    void Begin(GradientBucket bucket);

    /// <summary>Waits until every bucket that was begun holds its sums.</summary>
    void Finish();

    /// <summary>Adds up a number over all ranks; each is given the sum.</summary>
    /// <param name="value">This rank's.</param>
    double Sum(double value);
}
