namespace Idiolect.Tensors;

/// <summary>A place in a model's tree of layers, where a layer's constructor adds its parameters.</summary>
/// <param name="Set">All parameters of the model.</param>
/// <param name="Path">The names of the layers above, joined by dots.</param>
public readonly record struct ParameterScope(ParameterSet Set, string Path)
{
    /// <summary>A place below this one.</summary>
    /// <param name="name">Its name, such as <c>attention</c>, or several joined by dots.</param>
    public ParameterScope Child(string name) => new(Set, Path.Length == 0 ? name : $"{Path}.{name}");

    /// <summary>Adds a parameter.</summary>
    /// <param name="name">Its name at this place, such as <c>weight</c>.</param>
    /// <param name="shape">Its shape: (out, in) for the matrix of a linear layer.</param>
    /// <param name="initializer">Its first values.</param>
    /// <param name="hiddenRows">
    /// For the matrix of a hidden layer the rows of each matrix that is stacked in it, as Muon wants to know; none for an embedding, an output
    /// layer or a vector.
    /// </param>
    /// <exception cref="ArgumentException">There is one of that name.</exception>
    /// <exception cref="InvalidOperationException">The model has its memory already, see <see cref="ParameterSet.Initialize"/>.</exception>
    public Parameter Add(string name, Shape shape, Initializer initializer, params int[] hiddenRows)
        => Set.Add(Child(name).Path, shape, initializer, hiddenRows);

    /// <summary>The path as a word of a random key.</summary>
    internal ulong Key => ParameterSet.HashName(Path);
}
