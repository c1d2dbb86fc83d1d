namespace Idiolect.Tensors;

/// <summary>
/// One record of the tape: an operation that has run forward, with what its backward pass needs. A subclass is one
/// differentiable operation and lives in a file of its own; its static <c>Apply</c> runs it forward and, when the tape is
/// recording, leaves a record. Records are reused from step to step, so a subclass sets every field in <c>Apply</c>.
/// </summary>
internal abstract class Operation
{
    private readonly TensorNode[] _saved = new TensorNode[4];
    private readonly ArenaBlock[] _rented = new ArenaBlock[4];
    private int _savedCount;
    private int _rentedCount;

    /// <summary>What a profile calls it: its type's name, and where that says too little, whose parameters it has.</summary>
    internal virtual string Name => GetType().Name.Split(nameof(Operation))[0];

    /// <summary>The node whose gradient starts this operation's backward pass.</summary>
    internal TensorNode Output { get; private set; } = null!;

    /// <summary>A second output, if there is one, whose gradient the backward pass reads too; either gradient may be missing.</summary>
    internal TensorNode? SecondOutput { get; private set; }

    /// <summary>
    /// Says that the output's value is computed only when somebody reads it, or by the backward pass on its way. So what is fused
    /// with its gradient waits until the gradient from above is known, and a sum of losses waits for its terms.
    /// </summary>
    protected internal void Defer(Tensor output) => output.Node.Deferred = this;

    /// <summary>Computes the outputs now, if they still wait.</summary>
    internal void Settle(Tape tape)
    {
        if (Output.Deferred == this || SecondOutput?.Deferred == this)
        {
            Evaluate(tape);
            Settled();
        }
    }

    /// <summary>Says that the outputs have their values.</summary>
    protected void Settled()
    {
        Output.Deferred = null;
        if (SecondOutput != null)
        {
            SecondOutput.Deferred = null;
        }
    }

    /// <summary>Computes the outputs; only for an operation that has deferred them.</summary>
    internal virtual void Evaluate(Tape tape) => throw new NotSupportedException($"{GetType().Name} defers nothing.");

    /// <summary>Called by the tape when it hands out the record.</summary>
    internal void Begin(TensorNode output)
    {
        Output = output;
        SecondOutput = null;
        _savedCount = 0;
        _rentedCount = 0;
    }

    /// <summary>Keeps a tensor's data until this operation's backward pass has run.</summary>
    protected internal void Save(Tensor tensor) => Save(tensor.Node);

    /// <inheritdoc cref="Save(Tensor)"/>
    protected internal void Save(TensorNode node)
    {
        _saved[_savedCount++] = node;
        node.Savers++;
    }

    /// <inheritdoc cref="Save(Tensor)"/>
    protected internal void Save(IntegerTensor tensor) => Save(tensor.Data);

    /// <summary>The same, unless the tensor can be made again: then <see cref="Tape.Data"/> does so in the backward pass.</summary>
    protected internal void SaveOrRecompute(Tensor tensor)
    {
        if (tensor.Node.Producer == null)
        {
            Save(tensor);
        }
    }

    /// <summary>Says that the operation made a second tensor.</summary>
    protected internal void AlsoMade(Tensor tensor) => SecondOutput = tensor.Node;

    /// <summary>Hands over memory that goes back after this operation's backward pass; null is none.</summary>
    protected internal void Own(ArenaBlock? block)
    {
        if (block != null)
        {
            _rented[_rentedCount++] = block;
        }
    }

    /// <summary>Reads the gradient of the output, adds to the gradients of the inputs and of the parameters.</summary>
    protected internal abstract void Backward(Tape tape);

    /// <summary>Makes the output again; only for an operation that has named itself its output's producer.</summary>
    internal virtual unsafe void Recompute(Tape tape, float* output)
        => throw new NotSupportedException($"{GetType().Name} does not make its output again.");

    /// <summary>Gives the saved tensors and the owned memory back.</summary>
    internal void ReleaseSaved(Tape tape)
    {
        for (var i = 0; i < _savedCount; i++)
        {
            tape.ReleaseSaver(_saved[i]);
        }
        for (var i = 0; i < _rentedCount; i++)
        {
            tape.ReturnMemory(_rented[i]);
        }
        _savedCount = 0;
        _rentedCount = 0;
    }

    /// <summary>The gradient of the output, to read.</summary>
    protected unsafe float* OutputGradient => Output.Gradient!.Pointer;
}
