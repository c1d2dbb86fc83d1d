namespace Idiolect.Kernels;

/// <summary>
/// Work that a <see cref="Team"/> divides among its threads. A job is an unmanaged struct of pointers and sizes, so that
/// starting one allocates nothing. Parts must write disjoint memory, and what a part computes must not depend on which
/// worker runs it: then the result has the same bits on any number of threads.
/// </summary>
internal interface IJob
{
    /// <summary>
    /// Does part number <paramref name="part"/>, with the scratch memory of <paramref name="worker"/> to itself. A part that it opens
    /// (<see cref="Worker.Open"/>) is done by several workers, each of which executes it for the steps that it has taken.
    /// </summary>
    void Execute<S, V>(int part, in Worker worker)
        where S : struct, ISimd<V>
        where V : struct;
}
