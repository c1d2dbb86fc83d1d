namespace Idiolect.Tensors;

public static partial class TensorOperations
{
    /// <summary>The rows of a table that ids name.</summary>
    /// <param name="ids">(batch, time), each a row of the table.</param>
    /// <param name="table">(rows, width).</param>
    /// <returns>(batch, time, width).</returns>
    public static Tensor Embed(this IntegerTensor ids, Parameter table)
        => EmbeddingOperation.Apply(ids.Node.Tape, ids, ids, table, positionTable: null);

    /// <summary>The rows of a table that ids name, and those of a second that positions name, added.</summary>
    /// <param name="ids">(batch, time), each a row of the table.</param>
    /// <param name="table">(rows, width).</param>
    /// <param name="positions">(batch, time), each a row of the second table.</param>
    /// <param name="positionTable">(positions, width); null adds nothing.</param>
    /// <returns>(batch, time, width).</returns>
    public static Tensor Embed(this IntegerTensor ids, Parameter table, IntegerTensor positions, Parameter? positionTable)
        => EmbeddingOperation.Apply(ids.Node.Tape, ids, positions, table, positionTable);

    /// <summary>sqrt(width) x + sinusoidal positions (Vaswani et al. 2017, sections 3.4 and 3.5) in the memory of x, whose handle ends.</summary>
    /// <param name="x">(batch, time, width).</param>
    /// <param name="table">The positions' vectors.</param>
    /// <param name="positions">(batch, time), each a row of the table.</param>
    /// <returns>The shape of x.</returns>
    public static Tensor EncodePositionsInPlace(this Tensor x, PositionTable table, IntegerTensor positions)
        => PositionalEncodingOperation.Apply(x.Node.Tape, x, table, positions);

    /// <summary>Rotary positions (Su et al. 2021) of a row's first heads in the memory of x, whose handle ends.</summary>
    /// <param name="x">(batch, time, heads * head size), of which the first heads are rotated.</param>
    /// <param name="headCount">How many heads are.</param>
    /// <param name="table">The cosines and sines.</param>
    /// <param name="positions">(batch, time), each a position of the table.</param>
    /// <returns>The shape of x.</returns>
    public static Tensor RotateInPlace(this Tensor x, int headCount, RotaryTable table, IntegerTensor positions)
        => RopeOperation.Apply(x.Node.Tape, x, headCount, table, positions);

    /// <summary>Scaled dot-product attention of a sequence to itself (Vaswani et al. 2017, section 3.2); the scores never lie in memory as a whole.</summary>
    /// <param name="qkv">(batch, time, (heads + 2 * key-value heads) * head size): query, key, value. It feeds nothing else that has a gradient.</param>
    /// <param name="heads">Query heads.</param>
    /// <param name="keyValueHeads">Key and value heads, a divisor of the heads; null for as many.</param>
    /// <param name="causal">Whether a position sees only itself and those before.</param>
    /// <param name="lengths">(batch): the positions of each sequence that may be seen; null for all.</param>
    /// <returns>(batch, time, heads * head size).</returns>
    public static Tensor Attend(this Tensor qkv, int heads, int? keyValueHeads = null, bool causal = true, IntegerTensor? lengths = null)
    {
        var groups = keyValueHeads ?? heads;
        if (heads < 1 || groups < 1 || heads % groups != 0 || qkv.Shape.Rank != 3 || qkv.Shape.Width % (heads + (2 * groups)) != 0)
        {
            throw new ArgumentException($"{heads} heads with {groups} for keys and values do not lie in {qkv.Shape}.", nameof(heads));
        }
        return AttentionOperation.Apply(qkv.Node.Tape, qkv, heads, groups, qkv.Shape.Width / (heads + (2 * groups)), default, causal, lengths);
    }

    /// <summary>
    /// The same for the next positions of texts whose earlier keys and values a cache holds: it stores theirs, and each position sees itself and all
    /// before. Only on a tape that does not record.
    /// </summary>
    /// <param name="qkv">(batch, time, (heads + 2 * key-value heads) * head size): query, key, value.</param>
    /// <param name="heads">Query heads.</param>
    /// <param name="cache">The cache, between <see cref="KeyValueCache.Begin"/> and <see cref="KeyValueCache.Advance()"/>.</param>
    /// <param name="layer">The layer's number in it.</param>
    /// <returns>(batch, time, heads * head size).</returns>
    public static Tensor Attend(this Tensor qkv, int heads, KeyValueCache cache, int layer = 0)
    {
        var tape = qkv.Node.Tape;
        if (tape.Recording)
        {
            throw new InvalidOperationException("Attention over a cache has no backward pass: use a tape that does not record.");
        }
        if (heads < 1 || heads % cache.KeyValueHeadCount != 0 || qkv.Shape.Rank != 3 || qkv.Shape.Width != (heads * cache.HeadSize) + (2 * cache.RowWidth))
        {
            throw new ArgumentException(
                $"{heads} heads of {cache.HeadSize} with {cache.KeyValueHeadCount} for keys and values do not lie in {qkv.Shape}.", nameof(qkv));
        }
        cache.Store(layer, qkv);
        return AttentionOperation.ApplyCached(tape, qkv, heads, cache, layer);
    }

    /// <summary>Each position sees what stood some positions earlier, zeros before the beginning: a tap of a causal convolution.</summary>
    /// <param name="x">(batch, time, width).</param>
    /// <param name="steps">How many positions.</param>
    /// <returns>The shape of x.</returns>
    public static Tensor Delay(this Tensor x, int steps) => DelayOperation.Apply(x.Node.Tape, x, steps);

    /// <summary>The two outer dimensions exchanged: time-major rows to batch-major ones, and back.</summary>
    /// <param name="x">(a, b, width).</param>
    /// <returns>(b, a, width).</returns>
    public static Tensor Transpose(this Tensor x) => TransposeOperation.Apply(x.Node.Tape, x);

    /// <summary>Chosen rows.</summary>
    /// <param name="x">(..., width), seen as rows.</param>
    /// <param name="rows">Row numbers, of any shape (...).</param>
    /// <returns>(..., width), with the shape of the row numbers.</returns>
    public static Tensor Rows(this Tensor x, IntegerTensor rows)
        => GatherRowsOperation.Apply(x.Node.Tape, x, rows, rows.Shape.Append(x.Shape.Width));

    /// <summary>The mean of each sequence's rows.</summary>
    /// <param name="x">(batch, time, width).</param>
    /// <param name="lengths">(batch): the rows of each that count, at least 1.</param>
    /// <returns>(batch, width).</returns>
    public static Tensor MeanPositions(this Tensor x, IntegerTensor lengths) => MeanPositionsOperation.Apply(x.Node.Tape, x, lengths);

    /// <summary>Each sequence's last row: all that generation needs of a prompt. Only on a tape that does not record.</summary>
    /// <param name="x">(batch, time, width).</param>
    /// <returns>(batch, 1, width).</returns>
    public static Tensor LastPosition(this Tensor x) => LastPositionOperation.Apply(x.Node.Tape, x);

    /// <summary>The rows of the last step of time-major rows.</summary>
    /// <param name="x">(time, batch, width).</param>
    /// <returns>(batch, 1, width).</returns>
    public static Tensor LastStep(this Tensor x) => LastStepOperation.Apply(x.Node.Tape, x);
}
