namespace Idiolect.Tensors;

/// <summary>What a <see cref="Tensor"/> handle points at: pooled by the tape and used again in the next step.</summary>
internal sealed class TensorNode
{
    internal Tape Tape = null!;
    internal Shape Shape;
    internal uint Generation;
    internal ArenaBlock? Data;
    internal ArenaBlock? Gradient;
    internal bool NeedsGradient;
    internal bool HandleReleased;
    internal int Savers; // operations whose backward pass reads Data
    internal Operation? Producer; // can make Data again in the backward pass, so that nobody need save them
    internal Operation? Deferred; // will fill Data when somebody reads them, see Operation.Defer
}

/// <summary>
/// A handle to a float32 array that lives in the memory of one step of a <see cref="Tensors.Tape"/>. Disposing it says that
/// the forward pass is done with it: its memory returns at once, unless a backward pass will read it. All handles end with
/// the step; using one after that throws.
/// </summary>
public readonly struct Tensor : IDisposable, IEquatable<Tensor>
{
    private readonly TensorNode? _node;
    private readonly uint _generation;

    internal Tensor(TensorNode node)
    {
        _node = node;
        _generation = node.Generation;
    }

    /// <summary>The sizes of its dimensions.</summary>
    /// <exception cref="InvalidOperationException">The step that made this tensor has ended.</exception>
    public Shape Shape => Node.Shape;

    /// <summary>The node, if this handle is still valid.</summary>
    internal TensorNode Node => _node is { } node && node.Generation == _generation
        ? node
        : throw new InvalidOperationException("This handle has ended: its step has, or it was handed over, or it was never made.");

    /// <summary>The node, if the tensor was neither disposed nor given up.</summary>
    internal TensorNode Living => Node is { HandleReleased: false } node
        ? node
        : throw new InvalidOperationException("This tensor was disposed, or given up to an operation in place.");

    /// <summary>Where the elements lie; only operation files ask for it.</summary>
    internal unsafe float* Pointer
    {
        get
        {
            var node = Node;
            if (node.HandleReleased || node.Data is not { } data)
            {
                throw new InvalidOperationException("This tensor was disposed, or given up to an operation in place.");
            }
            node.Deferred?.Settle(node.Tape);
            return data.Pointer;
        }
    }

    /// <summary>Copies all elements, row-major.</summary>
    /// <param name="destination">At least as many floats as the shape counts.</param>
    public unsafe void CopyTo(Span<float> destination)
        => new ReadOnlySpan<float>(Pointer, checked((int)Shape.Count)).CopyTo(destination);

    /// <summary>The elements as a new array, row-major.</summary>
    public float[] ToArray()
    {
        var array = new float[Shape.Count];
        CopyTo(array);
        return array;
    }

    /// <summary>The value of a tensor of one element.</summary>
    public unsafe float Item() => Shape.Count == 1
        ? *Pointer
        : throw new InvalidOperationException($"Item needs a tensor of one element; this one has shape {Shape}.");

    /// <summary>A new handle of the same tensor; this one, and all copies of it, have ended.</summary>
    internal Tensor TakeOver()
    {
        var node = Living;
        node.Generation++;
        return new Tensor(node);
    }

    /// <summary>Gives the memory back as soon as no backward pass needs it; does nothing once the step has ended, which gave it back.</summary>
    public void Dispose()
    {
        if (_node is { } node && node.Generation == _generation)
        {
            node.Tape.ReleaseHandle(node);
        }
    }

    /// <inheritdoc/>
    public bool Equals(Tensor other) => _node == other._node && _generation == other._generation;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Tensor other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_node, _generation);

    /// <summary>Whether two handles are the same tensor.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(Tensor left, Tensor right) => left.Equals(right);

    /// <summary>Whether two handles are different tensors.</summary>
    /// <param name="left">One.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(Tensor left, Tensor right) => !left.Equals(right);
}
