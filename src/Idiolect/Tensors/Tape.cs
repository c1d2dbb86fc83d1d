using System.Runtime.CompilerServices;
using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>
/// Runs operations and, while <see cref="Recording"/>, remembers them so that <see cref="Backward"/> can go through them in
/// reverse (reverse-mode automatic differentiation). Eager: the graph is whatever the program did in this step.
/// Operations are coarse and have hand-written backward passes. Nodes, records and memory are reused, so a step that
/// repeats the shapes of an earlier one allocates nothing. Not thread-safe.
/// </summary>
public sealed class Tape : IDisposable
{
    private readonly Arena _arena = new();
    private readonly Dictionary<Parameter, int> _openUses = [];
    private readonly List<OperationList> _operations = [new()]; // the step's, then of each recomputed segment around this place
    private int _segments; // recomputed segments around this place
    private bool _wentBack; // whether this step had its backward pass
    private bool _again; // whether a segment runs for the second time, its uses of parameters being counted already
    private TensorNode[] _nodes = new TensorNode[64];
    private int _nodeCount; // nodes handed out in this step; those beyond it are spare

    /// <summary>Makes a tape that runs on all processors.</summary>
    /// <param name="recording">Whether operations are remembered for a backward pass.</param>
    public Tape(bool recording = true)
        : this(Team.Shared, recording)
    {
    }

    /// <summary>Makes a tape that runs on a team of threads.</summary>
    /// <param name="team">The threads; the caller keeps them.</param>
    /// <param name="recording">Whether operations are remembered for a backward pass.</param>
    public Tape(Team team, bool recording = true)
    {
        Team = team;
        Recording = recording;
    }

    /// <summary>Raised in the backward pass when the last contribution to a parameter's gradient has been added.</summary>
    public event Action<Parameter>? GradientReady;

    /// <summary>Whether operations are remembered; off for inference and evaluation. Change it between steps only.</summary>
    public bool Recording { get; set; }

    /// <summary>How operands of the matrix products of linear layers are rounded. Change it between steps only.</summary>
    public Precision Precision { get; set; }

    /// <summary>The most memory, in bytes, that tensors of this tape took at once.</summary>
    public long PeakBytes => _arena.Peak * sizeof(float);

    /// <summary>The memory, in bytes, that tensors take now: 0 between steps.</summary>
    public long BytesInUse => _arena.InUse * sizeof(float);

    /// <summary>The memory, in bytes, that the tape has taken from the system.</summary>
    internal long ReservedBytes => _arena.Reserved * sizeof(float);

    /// <summary>
    /// From how many floats on an activation is made again in the backward pass instead of kept: smaller ones need little memory, and
    /// making them again is a few percent of a small model's step.
    /// </summary>
    internal long RecomputeFrom { get; init; } = 4 * 1024 * 1024;

    internal Team Team { get; }

    /// <summary>Where a measurement counts the time of operations; null, and free, otherwise. Change it between steps only.</summary>
    internal OperationProfile? Profile { get; set; }

    /// <summary>
    /// Goes back from a scalar through all recorded operations; parameters' gradients are added to, not replaced. A loss that depends on no
    /// parameter that requires a gradient, as when all are frozen, changes none. Read the loss after this call rather than before it: a
    /// cross-entropy computes its value and its gradients in one, unless its value was asked for first.
    /// </summary>
    /// <param name="loss">A tensor of one element made in this step of this tape.</param>
    /// <param name="gradient">The gradient of what is minimised by this loss: 1, or the share of this pass in an update.</param>
    /// <exception cref="ArgumentException">The loss has several elements, or belongs to another tape.</exception>
    /// <exception cref="InvalidOperationException">
    /// The tape does not record, the loss was disposed or belongs to a step that has ended, or this step has gone back already.
    /// </exception>
    public unsafe void Backward(Tensor loss, float gradient = 1f)
    {
        if (!Recording)
        {
            throw new InvalidOperationException("This tape does not record: there is nothing to go back through.");
        }
        if (loss.Shape.Count != 1)
        {
            throw new ArgumentException($"A backward pass starts from one number; this tensor has shape {loss.Shape}.", nameof(loss));
        }
        Require(loss);
        var from = loss.Living;
        if (_wentBack)
        {
            throw new InvalidOperationException("This step has gone back already, and its record is gone: add losses up, and go back once.");
        }
        _wentBack = true;
        *Gradient(from, out _) = gradient;
        GoBack(_operations[0]);
    }

    /// <summary>Ends the step: all tensors' memory returns and their handles become invalid.</summary>
    public void Reset()
    {
        foreach (var list in _operations)
        {
            list.Clear(this);
        }
        (_segments, _again, _wentBack) = (0, false, false);
        for (var i = 0; i < _nodeCount; i++)
        {
            Retire(_nodes[i]);
        }
        _nodeCount = 0;
        _openUses.Clear();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Reset();
        _arena.Dispose();
    }

    /// <summary>Refuses a tensor of another tape, whose operations are not recorded here.</summary>
    /// <exception cref="ArgumentException">It is one.</exception>
    internal void Require(Tensor tensor, [CallerArgumentExpression(nameof(tensor))] string name = "")
    {
        if (tensor.Node.Tape != this)
        {
            throw new ArgumentException("The tensor belongs to another tape: what is computed together runs on one.", name);
        }
    }

    /// <summary>Refuses integers of another tape, or fewer or more than there are rows.</summary>
    /// <exception cref="ArgumentException">They are that.</exception>
    internal void Require(IntegerTensor integers, long count, [CallerArgumentExpression(nameof(integers))] string name = "")
    {
        Require(integers.Data, name);
        if (integers.Shape.Count != count)
        {
            throw new ArgumentException($"{integers.Shape.Count} integers for {count} rows.", name);
        }
    }

    /// <summary>Refuses a sequence tensor that is none.</summary>
    /// <exception cref="ArgumentException">It has not three dimensions.</exception>
    internal static void RequireSequences(Tensor x, [CallerArgumentExpression(nameof(x))] string name = "")
    {
        if (x.Shape.Rank != 3)
        {
            throw new ArgumentException($"Sequences have shape (batch, time, width), not {x.Shape}.", name);
        }
    }

    /// <summary>Refuses gains or biases of another width than the rows; null is none.</summary>
    /// <exception cref="ArgumentException">They are that.</exception>
    internal static void RequireVector(Parameter? vector, int width, [CallerArgumentExpression(nameof(vector))] string name = "")
    {
        if (vector != null && (vector.Shape.Rank != 1 || vector.Shape[0] != width))
        {
            throw new ArgumentException($"{vector.Name} has shape {vector.Shape} and does not fit rows of width {width}.", name);
        }
    }

    /// <summary>Refuses two tensors of different tapes or shapes.</summary>
    /// <exception cref="ArgumentException">They are that.</exception>
    internal void RequireAlike(Tensor a, Tensor b)
    {
        Require(a);
        Require(b);
        if (a.Shape != b.Shape)
        {
            throw new ArgumentException($"Tensors of shapes {a.Shape} and {b.Shape} are not combined element by element.", nameof(b));
        }
    }

    /// <summary>A new tensor with undefined contents.</summary>
    internal Tensor Create(Shape shape, bool needsGradient = false)
        => CreateOver(_arena.Allocate(shape.Count), shape, needsGradient);

    /// <summary>A new tensor of zeros, without a gradient.</summary>
    /// <param name="shape">Its shape.</param>
    public unsafe Tensor CreateZeros(Shape shape)
    {
        var tensor = Create(shape);
        new Span<float>(tensor.Pointer, checked((int)shape.Count)).Clear();
        return tensor;
    }

    /// <summary>A new tensor with the given values: data, without a gradient.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="values">Its elements, row-major.</param>
    /// <exception cref="ArgumentException">There are not as many values as the shape counts.</exception>
    public unsafe Tensor CreateFrom(Shape shape, ReadOnlySpan<float> values)
    {
        RequireToFill(shape, values.Length);
        var tensor = Create(shape);
        values.CopyTo(new Span<float>(tensor.Pointer, values.Length));
        return tensor;
    }

    /// <summary>A new tensor of 32-bit integers, such as token ids.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="values">Its elements, row-major.</param>
    /// <exception cref="ArgumentException">There are not as many values as the shape counts.</exception>
    public unsafe IntegerTensor CreateIntegers(Shape shape, ReadOnlySpan<int> values)
    {
        RequireToFill(shape, values.Length);
        var tensor = Create(shape);
        values.CopyTo(new Span<int>((int*)tensor.Pointer, values.Length));
        var (minimum, maximum) = values.IsEmpty ? (0, 0) : (values[0], values[0]);
        foreach (var value in values)
        {
            minimum = Math.Min(minimum, value);
            maximum = Math.Max(maximum, value);
        }
        return new IntegerTensor(tensor, minimum, maximum);
    }

    /// <summary>A new tensor that holds one integer everywhere.</summary>
    /// <param name="shape">Its shape.</param>
    /// <param name="value">The integer.</param>
    public unsafe IntegerTensor CreateIntegers(Shape shape, int value)
    {
        var tensor = Create(shape);
        new Span<int>((int*)tensor.Pointer, checked((int)shape.Count)).Fill(value);
        return new IntegerTensor(tensor, value, value);
    }

    /// <summary>The position of each token in its sequence.</summary>
    /// <param name="batch">Sequences.</param>
    /// <param name="time">Tokens of each.</param>
    /// <param name="past">The position of the first.</param>
    /// <returns>(batch, time): past, past + 1, ... in every sequence.</returns>
    public unsafe IntegerTensor CreatePositions(int batch, int time, int past = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(past);
        var tensor = Create(new Shape(batch, time));
        var ids = (int*)tensor.Pointer;
        for (var i = 0; i < batch * time; i++)
        {
            ids[i] = past + (i % time);
        }
        return new IntegerTensor(tensor, past, checked(past + Math.Max(0, time - 1)));
    }

    /// <summary>
    /// A new tensor in the memory of <paramref name="consumed"/>, whose handle ends, when nobody else needs it; else in new memory.
    /// </summary>
    internal Tensor CreateConsuming(Tensor consumed, bool needsGradient)
    {
        var node = consumed.Node;
        if (node.Savers > 0 || node.HandleReleased)
        {
            var copy = Create(node.Shape, needsGradient);
            ReleaseHandle(node); // the savers keep its data
            return copy;
        }
        var block = node.Data!;
        block.References++;
        ReleaseHandle(node);
        return CreateOver(block, node.Shape, needsGradient);
    }

    /// <summary>Plain memory of the step, which the caller must <see cref="ReturnMemory"/>.</summary>
    internal ArenaBlock RentMemory(long floats) => _arena.Allocate(floats);

    /// <summary>Gives such memory back; null is none.</summary>
    internal void ReturnMemory(ArenaBlock? block)
    {
        if (block != null)
        {
            _arena.Release(block);
        }
    }

    /// <summary>
    /// The next record of the tape: last step's of the same kind where there is one. Asked for when the operation has run, because a
    /// profile counts the time up to here to it.
    /// </summary>
    internal T Record<T>(Tensor output)
        where T : Operation, new()
    {
        var operation = _operations[_segments].Add<T>();
        operation.Begin(output.Node);
        Profile?.Mark(operation, StepPhase.Forward);
        return operation;
    }

    /// <summary>Says that an operation of this step will contribute to a parameter's gradient.</summary>
    internal void CountUse(Parameter? parameter)
    {
        if (parameter is { RequiresGradient: true } && !_again)
        {
            _openUses[parameter] = _openUses.GetValueOrDefault(parameter) + 1;
        }
    }

    /// <summary>Says that it has.</summary>
    internal void Contributed(Parameter? parameter)
    {
        if (parameter is not { RequiresGradient: true })
        {
            return;
        }
        if (!_openUses.TryGetValue(parameter, out var uses))
        {
            throw new InvalidOperationException($"{parameter.Name} began to require a gradient within a step: say so before it.");
        }
        _openUses[parameter] = uses - 1;
        if (uses == 1)
        {
            GradientReady?.Invoke(parameter);
        }
    }

    /// <summary>
    /// Where an input's gradient goes. <paramref name="accumulate"/> tells whether to add to what is there or to write.
    /// </summary>
    internal unsafe float* Gradient(TensorNode node, out bool accumulate)
    {
        accumulate = node.Gradient != null;
        if (node.Gradient is not { } block)
        {
            node.Gradient = _arena.Allocate(node.Shape.Count);
            return node.Gradient.Pointer;
        }
        if (block.References > 1)
        {
            // Shared with another node's gradient (see ShareGradient): adding to it would change that one too.
            node.Gradient = _arena.Allocate(node.Shape.Count);
            Buffer.MemoryCopy(block.Pointer, node.Gradient.Pointer, node.Gradient.Count * sizeof(float), node.Shape.Count * sizeof(float));
            _arena.Release(block);
        }
        return node.Gradient.Pointer;
    }

    /// <summary>Hands a gradient on unchanged: without a copy where the input has none yet.</summary>
    internal unsafe void ShareGradient(ArenaBlock gradient, TensorNode input)
    {
        if (!input.NeedsGradient)
        {
            return;
        }
        if (input.Gradient == null)
        {
            gradient.References++;
            input.Gradient = gradient;
            return;
        }
        ResidualAdd.Accumulate(Team, gradient.Pointer, Gradient(input, out _), input.Shape.Count);
    }

    /// <summary>Operations from here on belong to a segment of their own, until one of the two methods below.</summary>
    /// <param name="again">Whether the segment ran before in this step.</param>
    internal void BeginSegment(bool again = false)
    {
        if (++_segments == _operations.Count)
        {
            _operations.Add(new OperationList());
        }
        _again |= again;
    }

    /// <summary>Ends the segment and forgets its operations.</summary>
    internal void ForgetSegment() => _operations[_segments--].Clear(this);

    /// <summary>Goes back through a segment that ran again, and ends it.</summary>
    internal void BackwardThroughSegment()
    {
        _again = false;
        GoBack(_operations[_segments]);
        _segments--;
    }

    /// <summary>The data of a tensor, made again if they were not kept; <see cref="ReleaseDataIfUnused"/> lets them go.</summary>
    internal unsafe float* Data(TensorNode node)
    {
        if (node.Data == null)
        {
            node.Data = _arena.Allocate(node.Shape.Count);
            node.Producer!.Recompute(this, node.Data.Pointer);
        }
        return node.Data.Pointer;
    }

    internal void ReleaseHandle(TensorNode node)
    {
        if (!node.HandleReleased)
        {
            node.HandleReleased = true;
            ReleaseDataIfUnused(node);
        }
    }

    /// <summary>A new handle of a tensor whose data were saved, for code that may dispose it.</summary>
    internal static Tensor Revive(TensorNode node)
    {
        node.HandleReleased = false;
        return new Tensor(node);
    }

    internal void ReleaseSaver(TensorNode node)
    {
        node.Savers--;
        ReleaseDataIfUnused(node);
    }

    /// <summary>Gives a tensor's memory back when neither its handle nor a backward pass needs it.</summary>
    internal void ReleaseDataIfUnused(TensorNode node)
    {
        if (node.HandleReleased && node.Savers == 0 && node.Data is { } data)
        {
            node.Data = null;
            _arena.Release(data);
        }
    }

    private void GoBack(OperationList operations)
    {
        for (var i = operations.Count - 1; i >= 0; i--)
        {
            var operation = operations[i];
            if (operation.Output.Gradient != null || operation.SecondOutput?.Gradient != null)
            {
                operation.Backward(this);
                Profile?.Mark(operation, StepPhase.Backward);
                // Read anew: an operation that works in place has put a copy where the gradient was shared, one that hands it on nothing.
                ReleaseGradient(operation.Output);
                ReleaseGradient(operation.SecondOutput);
            }
            if (operation.Output.Deferred == null && operation.SecondOutput?.Deferred == null)
            {
                operation.ReleaseSaved(this);
            }
        }
        SettleDeferred(operations);
        operations.Clear(this);
    }

    /// <summary>Computes what was deferred and not needed for gradients, such as the sum of two losses: now or never.</summary>
    private void SettleDeferred(OperationList operations)
    {
        for (var i = 0; i < operations.Count; i++)
        {
            if (IsWanted(operations[i].Output) || (operations[i].SecondOutput is { } second && IsWanted(second)))
            {
                operations[i].Settle(this);
            }
        }

        static bool IsWanted(TensorNode node) => node.Deferred != null && (!node.HandleReleased || node.Savers > 0);
    }

    private static void RequireToFill(Shape shape, int values)
    {
        if (values != shape.Count)
        {
            throw new ArgumentException($"{values} values do not fill a tensor of shape {shape}.", nameof(values));
        }
    }

    private Tensor CreateOver(ArenaBlock block, Shape shape, bool needsGradient)
    {
        if (_nodeCount == _nodes.Length)
        {
            Array.Resize(ref _nodes, 2 * _nodes.Length);
        }
        var node = _nodes[_nodeCount] ??= new TensorNode { Tape = this };
        _nodeCount++;
        node.Shape = shape;
        node.Data = block;
        node.NeedsGradient = needsGradient && Recording;
        node.HandleReleased = false;
        node.Savers = 0;
        node.Producer = null;
        node.Deferred = null;
        return new Tensor(node);
    }

    private void Retire(TensorNode node)
    {
        node.Generation++;
        if (node.Data is { } data)
        {
            node.Data = null;
            _arena.Release(data);
        }
        ReleaseGradient(node);
    }

    private void ReleaseGradient(TensorNode? node)
    {
        if (node?.Gradient is { } gradient)
        {
            node.Gradient = null;
            _arena.Release(gradient);
        }
    }
}
