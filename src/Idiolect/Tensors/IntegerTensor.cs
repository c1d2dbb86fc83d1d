namespace Idiolect.Tensors;

/// <summary>
/// A handle to 32-bit integers in the memory of one step, such as token ids, positions, lengths or row numbers. It knows its smallest
/// and largest element, so that an operation can refuse what would reach beyond a table without reading all of them.
/// </summary>
public readonly struct IntegerTensor : IDisposable
{
    private readonly Tensor _data; // the same four bytes an element

    internal IntegerTensor(Tensor data, int minimum, int maximum)
    {
        _data = data;
        (Minimum, Maximum) = (minimum, maximum);
    }

    /// <summary>The sizes of its dimensions.</summary>
    /// <exception cref="InvalidOperationException">The step that made this tensor has ended.</exception>
    public Shape Shape => _data.Shape;

    /// <summary>The smallest element; 0 where there are none.</summary>
    public int Minimum { get; }

    /// <summary>The largest element; 0 where there are none.</summary>
    public int Maximum { get; }

    internal Tensor Data => _data;

    internal TensorNode Node => _data.Node;

    internal unsafe int* Pointer => (int*)_data.Pointer;

    /// <summary>Gives the memory back as soon as no backward pass needs it.</summary>
    public void Dispose() => _data.Dispose();

    /// <summary>Refuses integers outside a range.</summary>
    /// <exception cref="ArgumentException">One is.</exception>
    internal void RequireWithin(int minimum, int maximum, string parameter)
    {
        if (Shape.Count > 0 && (Minimum < minimum || Maximum > maximum))
        {
            throw new ArgumentException(
                $"The integers go from {Minimum} to {Maximum}; they must lie between {minimum} and {maximum}.", parameter);
        }
    }
}
