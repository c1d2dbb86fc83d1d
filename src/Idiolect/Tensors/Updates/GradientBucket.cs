namespace Idiolect.Tensors;

/// <summary>
/// Parameters whose gradients lie side by side in a model's flat buffer, in the order in which a backward pass finishes them: what several
/// processes that train one model add up at once (Li et al. 2020, "PyTorch distributed", section 3.2.3).
/// </summary>
public sealed class GradientBucket
{
    internal GradientBucket(int index, IReadOnlyList<Parameter> parameters) => (Index, Parameters) = (index, parameters);

    /// <summary>Its place among the model's buckets, which is also its place in time.</summary>
    public int Index { get; }

    /// <summary>The parameters, the model's last one first.</summary>
    public IReadOnlyList<Parameter> Parameters { get; }

    /// <summary>
    /// The gradients, to read and to write: those of a parameter that the step did not use are zeros. Some zeros may lie between two parameters,
    /// and must stay zeros. The memory stays where it is until the step's update is over.
    /// </summary>
    public unsafe Span<float> Gradients
    {
        get
        {
            var first = Parameters[0].Gradient;
            var length = Parameters[^1].Offset + Parameters[^1].Count - Parameters[0].Offset;
            foreach (var parameter in Parameters)
            {
                _ = parameter.Gradient; // makes the memory say what the gradient is
            }
            return new Span<float>(first, checked((int)length));
        }
    }
}

/// <summary>Cuts a model's learned parameters into buckets, and says in the last backward pass of a step when each is complete, in their order.</summary>
internal sealed class GradientBuckets
{
    private readonly List<GradientBucket> _buckets = [];
    private readonly Dictionary<Parameter, int> _bucketOf = [];
    private readonly int[] _open; // (buckets): parameters that have not had their last contribution
    private int _next; // the first bucket that has not been handed out

    /// <summary>Cuts the buckets.</summary>
    /// <param name="parameters">The model. Which of its parameters learn may not change from here on.</param>
    /// <param name="floats">A bucket is closed as soon as it has so many, or where a parameter that does not learn lies between.</param>
    internal GradientBuckets(ParameterSet parameters, long floats)
    {
        var bucket = new List<Parameter>();
        var count = 0L;
        foreach (var parameter in parameters.All.Reverse())
        {
            if (parameter.RequiresGradient)
            {
                bucket.Add(parameter);
                count += parameter.Count;
            }
            if (bucket.Count > 0 && (count >= floats || !parameter.RequiresGradient))
            {
                Close();
            }
        }
        if (bucket.Count > 0)
        {
            Close();
        }
        _open = new int[_buckets.Count];

        void Close()
        {
            foreach (var parameter in bucket)
            {
                _bucketOf.Add(parameter, _buckets.Count);
            }
            _buckets.Add(new GradientBucket(_buckets.Count, [.. bucket]));
            bucket.Clear();
            count = 0;
        }
    }

    internal IReadOnlyList<GradientBucket> All => _buckets;

    /// <summary>Begins the last backward pass of a step.</summary>
    internal void Begin()
    {
        _next = 0;
        for (var i = 0; i < _open.Length; i++)
        {
            _open[i] = _buckets[i].Parameters.Count;
        }
    }

    /// <summary>A parameter has had its last contribution: hands out what is complete with it, each bucket after those before it.</summary>
    internal void Complete(Parameter parameter, Action<GradientBucket> ready)
    {
        if (!_bucketOf.TryGetValue(parameter, out var bucket))
        {
            return; // of another model on the same tape
        }
        _open[bucket]--;
        while (_next < _open.Length && _open[_next] == 0)
        {
            ready(_buckets[_next++]);
        }
    }

    /// <summary>Hands out the rest: what the step did not use counts as zero.</summary>
    internal void Flush(Action<GradientBucket> ready)
    {
        while (_next < _open.Length)
        {
            ready(_buckets[_next++]);
        }
    }
}
