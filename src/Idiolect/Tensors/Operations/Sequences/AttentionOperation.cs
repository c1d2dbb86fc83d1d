using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Which attention weights are dropped.</summary>
/// <param name="Probability">The probability of dropping one.</param>
/// <param name="Key">The key of the masks; each sequence has one of its own, by its number.</param>
/// <param name="FirstSample">The number of the first sequence.</param>
internal readonly record struct AttentionDropout(float Probability, ulong Key, long FirstSample);

/// <summary>
/// Scaled dot-product attention (Vaswani et al. 2017, section 3.2): over a fused query, key and value projection, or from
/// the queries of one sequence to the keys and values of another.
/// </summary>
internal sealed unsafe class AttentionOperation : Operation
{
    private TensorNode _query = null!;
    private TensorNode _keyValue = null!; // the same node in self-attention
    private AttentionShape _shape;
    private int _keyColumn; // where keys begin in a row; values follow them
    private float* _logSumExp; // (batch, heads, time)
    private ArenaBlock _tables = null!;

    /// <summary>Self-attention of whole sequences from position 0.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="qkv">(batch, time, (heads + 2 * key-value heads) * head size): query, key, value.</param>
    /// <param name="heads">Query heads.</param>
    /// <param name="keyValueHeads">Key and value heads; each serves heads / keyValueHeads query heads.</param>
    /// <param name="headSize">Size of a head.</param>
    /// <param name="dropout">Which attention weights are dropped.</param>
    /// <param name="causal">Whether a position sees only itself and those before.</param>
    /// <param name="lengths">(batch): the positions of each sequence that may be seen; null for all.</param>
    /// <returns>(batch, time, heads * head size).</returns>
    internal static Tensor Apply(
        Tape tape, Tensor qkv, int heads, int keyValueHeads, int headSize, in AttentionDropout dropout, bool causal = true,
        IntegerTensor? lengths = null)
    {
        var (batch, time, width) = (qkv.Shape[0], qkv.Shape[1], qkv.Shape[2]);
        if (qkv.Shape.Rank != 3 || width != (heads + (2 * keyValueHeads)) * headSize)
        {
            throw new ArgumentException($"{heads} heads of {headSize} with {keyValueHeads} for keys and values do not lie in {qkv.Shape}.", nameof(qkv));
        }
        var shape = ShapeOf(batch, time, heads, keyValueHeads, headSize, queryStride: width, keyStride: width, causal) with
        {
            KeyLength = time,
            DropoutProbability = dropout.Probability,
            DropoutKey = dropout.Key,
            FirstSample = dropout.FirstSample,
        };
        return Run(tape, qkv, qkv, heads * headSize, shape, lengths);
    }

    /// <summary>Cross-attention: every query sees all keys of its sequence (Vaswani et al. 2017, section 3.2.3).</summary>
    /// <param name="tape">The step.</param>
    /// <param name="query">(batch, time, heads * head size).</param>
    /// <param name="keyValue">(batch, key time, 2 * heads * head size): key, value.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="lengths">(batch): the keys of each sequence that may be seen; null for all.</param>
    /// <param name="dropout">Which attention weights are dropped.</param>
    /// <returns>(batch, time, heads * head size).</returns>
    internal static Tensor ApplyCross(
        Tape tape, Tensor query, Tensor keyValue, int heads, IntegerTensor? lengths, in AttentionDropout dropout)
    {
        var (batch, time, width) = (query.Shape[0], query.Shape[1], query.Shape[2]);
        if (query.Shape.Rank != 3 || keyValue.Shape.Rank != 3 || keyValue.Shape[0] != batch || keyValue.Shape[2] != 2 * width)
        {
            throw new ArgumentException($"Queries {query.Shape} cannot attend to keys and values {keyValue.Shape}.", nameof(keyValue));
        }
        var shape = ShapeOf(batch, time, heads, heads, width / heads, queryStride: width, keyStride: 2 * width, causal: false) with
        {
            KeyLength = keyValue.Shape[1],
            DropoutProbability = dropout.Probability,
            DropoutKey = dropout.Key,
            FirstSample = dropout.FirstSample,
        };
        return Run(tape, query, keyValue, 0, shape, lengths);
    }

    /// <summary>Attention of new positions over everything that a cache holds, themselves included; for inference only.</summary>
    /// <param name="tape">The step, which does not record.</param>
    /// <param name="qkv">(batch, time, (heads + 2 * key-value heads) * head size); keys and values are already in the cache.</param>
    /// <param name="heads">Query heads.</param>
    /// <param name="cache">The cache.</param>
    /// <param name="layer">Which layer's keys and values.</param>
    /// <returns>(batch, time, heads * head size).</returns>
    internal static Tensor ApplyCached(Tape tape, Tensor qkv, int heads, KeyValueCache cache, int layer)
    {
        var (batch, time, width) = (qkv.Shape[0], qkv.Shape[1], qkv.Shape[2]);
        if (cache.LengthsAfter[0] - cache.Lengths[0] != time)
        {
            throw new InvalidOperationException(
                $"The cache began a pass of {cache.LengthsAfter[0] - cache.Lengths[0]} positions, not of {time}: {nameof(KeyValueCache.Begin)} says how many come.");
        }
        var y = tape.Create(new Shape(batch, time, heads * cache.HeadSize));
        var shape = ShapeOf(batch, time, heads, cache.KeyValueHeadCount, cache.HeadSize, width, cache.RowWidth, causal: true);
        Attention.Forward(
            tape.Team, shape, qkv.Pointer, cache.KeyPages(layer), cache.ValuePages(layer), cache.PagesPerSequence,
            cache.LengthsAfter, cache.Lengths, y.Pointer, null);
        return y;
    }

    /// <summary>
    /// Cross-attention to keys and values that a cache holds; for inference only. Several rows of queries may ask one
    /// sequence: the beams of a search are just more rows.
    /// </summary>
    /// <param name="tape">The step, which does not record.</param>
    /// <param name="query">(rows, 1, heads * head size), as many rows for each sequence of the cache.</param>
    /// <param name="heads">Heads.</param>
    /// <param name="cache">The cache.</param>
    /// <param name="layer">Which layer's keys and values.</param>
    /// <returns>The shape of the queries.</returns>
    internal static Tensor ApplyCrossCached(Tape tape, Tensor query, int heads, KeyValueCache cache, int layer)
    {
        var width = heads * cache.HeadSize;
        var y = tape.Create(query.Shape);
        var shape = ShapeOf(
            cache.Batch, query.Shape.Rows / cache.Batch, heads, heads, cache.HeadSize, width, cache.RowWidth, causal: false);
        Attention.Forward(
            tape.Team, shape, query.Pointer, cache.KeyPages(layer), cache.ValuePages(layer), cache.PagesPerSequence,
            cache.Lengths, cache.Lengths, y.Pointer, null);
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dQuery = tape.Gradient(_query, out var accumulate);
        var dKeyValue = dQuery;
        if (!accumulate && _keyValue != _query)
        {
            dKeyValue = tape.Gradient(_keyValue, out accumulate);
        }
        if (accumulate)
        {
            throw new InvalidOperationException("A projection to queries, keys or values feeds one attention only.");
        }
        var (batch, keys) = (_shape.Batch, _shape.KeyLength);
        var tables = new AttentionTables(_tables, batch, keys);
        var gradientTables = tape.RentMemory(AttentionTables.Floats(batch, keys));
        var gradients = new AttentionTables(gradientTables, batch, keys);
        gradients.Fill(dKeyValue + _keyColumn, dKeyValue + _keyColumn + KeyWidth(_shape), _shape.KeyStride, tables.KeyLengths);
        Attention.Backward(
            tape.Team, _shape, _query.Data!.Pointer, tables.KeyPages, tables.ValuePages, tables.PagesPerSequence,
            tables.KeyLengths, tables.QueryOffsets, Output.Data!.Pointer, _logSumExp, OutputGradient, dQuery,
            gradients.KeyPages, gradients.ValuePages);
        tape.ReturnMemory(gradientTables);
    }

    private static AttentionShape ShapeOf(
        int batch, int time, int heads, int keyValueHeads, int headSize, int queryStride, int keyStride, bool causal) => new()
        {
            Batch = batch,
            QueryLength = time,
            HeadCount = heads,
            KeyValueHeadCount = keyValueHeads,
            HeadSize = headSize,
            QueryStride = queryStride,
            OutputStride = heads * headSize,
            KeyStride = keyStride,
            Causal = causal,
            Scale = 1f / MathF.Sqrt(headSize),
        };

    private static int KeyWidth(in AttentionShape shape) => shape.KeyValueHeadCount * shape.HeadSize;

    private static Tensor Run(Tape tape, Tensor query, Tensor keyValue, int keyColumn, in AttentionShape shape, IntegerTensor? lengths)
    {
        tape.Require(query);
        tape.Require(keyValue);
        if (lengths is { } seen)
        {
            tape.Require(seen.Data);
            seen.RequireWithin(0, shape.KeyLength, nameof(lengths));
            if (seen.Shape.Count != shape.Batch)
            {
                throw new ArgumentException($"{seen.Shape.Count} lengths for {shape.Batch} sequences.", nameof(lengths));
            }
        }
        var y = tape.Create(
            new Shape(shape.Batch, shape.QueryLength, shape.OutputStride), query.Node.NeedsGradient || keyValue.Node.NeedsGradient);
        var memory = tape.RentMemory(AttentionTables.Floats(shape.Batch, shape.KeyLength));
        var logSumExp = y.Node.NeedsGradient ? tape.RentMemory((long)shape.Batch * shape.HeadCount * shape.QueryLength) : null;
        var tables = new AttentionTables(memory, shape.Batch, shape.KeyLength);
        var keys = keyValue.Pointer + keyColumn;
        tables.Fill(keys, keys + KeyWidth(shape), shape.KeyStride, lengths is { } given ? given.Pointer : null);
        Attention.Forward(
            tape.Team, shape, query.Pointer, tables.KeyPages, tables.ValuePages, tables.PagesPerSequence, tables.KeyLengths,
            tables.QueryOffsets, y.Pointer, logSumExp == null ? null : logSumExp.Pointer);
        if (logSumExp == null)
        {
            tape.ReturnMemory(memory);
            return y;
        }
        var record = tape.Record<AttentionOperation>(y);
        record.Save(query);
        if (keyValue.Node != query.Node)
        {
            record.Save(keyValue);
        }
        record.Save(y);
        record.Own(logSumExp);
        record.Own(memory);
        (record._query, record._keyValue, record._shape, record._keyColumn) = (query.Node, keyValue.Node, shape, keyColumn);
        record._logSumExp = logSumExp.Pointer;
        record._tables = memory;
        return y;
    }
}
