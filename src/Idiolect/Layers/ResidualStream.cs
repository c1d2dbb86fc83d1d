using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>
/// The residual stream (He et al. 2016; Elhage et al. 2021): layers read it through a norm and write to it by adding. What was written last is
/// added by the next norm on its way, which saves a pass over memory.
/// </summary>
/// <remarks>It owns its tensors: what begins it and what is written to it are handed over, and their handles end.</remarks>
public ref struct ResidualStream : IDisposable
{
    private Tensor _sum;
    private Tensor? _written; // by the layer before, and not yet in the sum

    /// <summary>Begins with a tensor, whose handle ends.</summary>
    /// <param name="start">(batch, time, width), such as the tokens' embeddings.</param>
    public ResidualStream(Tensor start) => _sum = start.TakeOver();

    /// <summary>The stream, normalised: what a layer reads.</summary>
    /// <param name="norm">The layer's norm.</param>
    /// <param name="context">The pass.</param>
    /// <returns>(batch, time, width); the caller's.</returns>
    public Tensor Read(Norm norm, ForwardContext context)
    {
        var written = _written;
        _written = null;
        return norm.Forward(ref _sum, written, context);
    }

    /// <summary>Adds what a layer found, whose handle ends.</summary>
    /// <param name="found">(batch, time, width).</param>
    public void Write(Tensor found)
    {
        var taken = found.TakeOver();
        Settle();
        _written = taken;
    }

    /// <summary>Ends the stream and hands it to the caller.</summary>
    /// <returns>(batch, time, width).</returns>
    public Tensor Take()
    {
        Settle();
        return _sum.TakeOver();
    }

    /// <summary>Gives back what it holds.</summary>
    public void Dispose()
    {
        _sum.Dispose();
        _written?.Dispose();
    }

    /// <summary>Adds what was written last, where no norm has.</summary>
    private void Settle()
    {
        if (_written is { } written)
        {
            using var before = _sum;
            _sum = written.AddInPlace(before);
            _written = null;
        }
    }
}
