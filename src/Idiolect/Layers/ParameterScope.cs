using Idiolect.Tensors;

namespace Idiolect.Layers;

/// <summary>A place in a model's tree of layers, where a layer's constructor adds its parameters.</summary>
/// <param name="Set">All parameters of the model.</param>
/// <param name="Path">The names of the layers above, joined by dots.</param>
internal readonly record struct ParameterScope(ParameterSet Set, string Path)
{
    internal ParameterScope Child(string name) => new(Set, Path.Length == 0 ? name : $"{Path}.{name}");

    internal Parameter Add(string name, Shape shape, Initializer initializer, params int[] hiddenRows)
        => Set.Add(Child(name).Path, shape, initializer, hiddenRows);

    /// <summary>The path as a word of a random key.</summary>
    internal ulong Key => ParameterSet.HashName(Path);
}
