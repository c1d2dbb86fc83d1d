namespace Idiolect.Tensors;

/// <summary>Operations in the order in which they ran. Their records are used again in the next step.</summary>
internal sealed class OperationList
{
    private Operation?[] _operations = new Operation?[64];

    internal int Count { get; private set; }

    internal Operation this[int index] => _operations[index]!;

    /// <summary>The next record: last step's at this place where it is of the same kind.</summary>
    internal T Add<T>()
        where T : Operation, new()
    {
        if (Count == _operations.Length)
        {
            Array.Resize(ref _operations, 2 * _operations.Length);
        }
        if (_operations[Count] is not T operation)
        {
            operation = new T();
            _operations[Count] = operation;
        }
        Count++;
        return operation;
    }

    /// <summary>Gives back what the operations have saved, and forgets them.</summary>
    internal void Clear(Tape tape)
    {
        for (var i = 0; i < Count; i++)
        {
            _operations[i]!.ReleaseSaved(tape);
        }
        Count = 0;
    }
}
