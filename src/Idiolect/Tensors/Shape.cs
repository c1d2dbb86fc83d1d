namespace Idiolect.Tensors;

/// <summary>The sizes of a tensor's one to three dimensions, outermost first. Storage is row-major.</summary>
public readonly record struct Shape
{
    private readonly int _d0;
    private readonly int _d1;
    private readonly int _d2;

    /// <summary>A vector.</summary>
    /// <param name="d0">Its length.</param>
    public Shape(int d0)
        : this(1, d0, 1, 1)
    {
    }

    /// <summary>A matrix.</summary>
    /// <param name="d0">Rows.</param>
    /// <param name="d1">Columns.</param>
    public Shape(int d0, int d1)
        : this(2, d0, d1, 1)
    {
    }

    /// <summary>Three dimensions, such as (batch, time, width).</summary>
    /// <param name="d0">The outermost.</param>
    /// <param name="d1">The middle one.</param>
    /// <param name="d2">The innermost.</param>
    public Shape(int d0, int d1, int d2)
        : this(3, d0, d1, d2)
    {
    }

    private Shape(int rank, int d0, int d1, int d2)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(d0);
        ArgumentOutOfRangeException.ThrowIfNegative(d1);
        ArgumentOutOfRangeException.ThrowIfNegative(d2);
        Rank = rank;
        (_d0, _d1, _d2) = (d0, d1, d2);
    }

    /// <summary>The number of dimensions.</summary>
    public int Rank { get; }

    /// <summary>The number of elements.</summary>
    public long Count => (long)_d0 * _d1 * _d2;

    /// <summary>The size of the innermost dimension.</summary>
    public int Width => this[Rank - 1];

    /// <summary>The number of rows when every dimension but the innermost is folded into one.</summary>
    public int Rows => Width == 0 ? 0 : checked((int)(Count / Width));

    /// <summary>The size of a dimension.</summary>
    /// <param name="dimension">0 for the outermost.</param>
    public int this[int dimension] => (uint)dimension >= (uint)Rank
        ? throw new ArgumentOutOfRangeException(nameof(dimension))
        : dimension switch { 0 => _d0, 1 => _d1, _ => _d2 };

    /// <summary>The same shape with another innermost size.</summary>
    /// <param name="width">The new innermost size.</param>
    internal Shape WithWidth(int width) => Rank switch
    {
        1 => new Shape(width),
        2 => new Shape(_d0, width),
        _ => new Shape(_d0, _d1, width),
    };

    /// <summary>A shape with another, innermost dimension.</summary>
    /// <exception cref="ArgumentException">It would have more than three.</exception>
    internal Shape Append(int width) => Rank switch
    {
        1 => new Shape(_d0, width),
        2 => new Shape(_d0, _d1, width),
        _ => throw new ArgumentException($"{this} has no room for another dimension.", nameof(width)),
    };

    /// <summary>The same shape without its innermost dimension: a number a row.</summary>
    internal Shape WithoutWidth() => Rank switch
    {
        1 => new Shape(1),
        2 => new Shape(_d0),
        _ => new Shape(_d0, _d1),
    };

    /// <inheritdoc/>
    public override string ToString() => Rank switch
    {
        1 => $"({_d0})",
        2 => $"({_d0}, {_d1})",
        _ => $"({_d0}, {_d1}, {_d2})",
    };
}
