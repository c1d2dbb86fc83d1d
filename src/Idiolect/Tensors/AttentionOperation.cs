using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Scaled dot-product attention (Vaswani et al. 2017, section 3.2) over a fused query, key and value projection.</summary>
internal sealed unsafe class AttentionOperation : Operation
{
    private TensorNode _qkv = null!;
    private AttentionShape _shape;
    private float* _logSumExp; // (batch, heads, time)
    private ArenaBlock _tables = null!;

    /// <summary>Causal self-attention of whole sequences from position 0.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="qkv">(batch, time, (heads + 2 * key-value heads) * head size): query, key, value.</param>
    /// <param name="heads">Query heads.</param>
    /// <param name="keyValueHeads">Key and value heads; each serves heads / keyValueHeads query heads.</param>
    /// <param name="headSize">Size of a head.</param>
    /// <param name="dropout">Probability with which an attention weight is dropped.</param>
    /// <param name="dropoutKey">The key of its mask.</param>
    /// <returns>(batch, time, heads * head size).</returns>
    internal static Tensor Apply(Tape tape, Tensor qkv, int heads, int keyValueHeads, int headSize, float dropout, ulong dropoutKey)
    {
        var (batch, time, width) = (qkv.Shape[0], qkv.Shape[1], qkv.Shape[2]);
        var y = tape.Create(new Shape(batch, time, heads * headSize), qkv.Node.NeedsGradient);
        var shape = new AttentionShape
        {
            Batch = batch,
            QueryLength = time,
            KeyLength = time,
            HeadCount = heads,
            KeyValueHeadCount = keyValueHeads,
            HeadSize = headSize,
            QueryStride = width,
            OutputStride = heads * headSize,
            KeyStride = width,
            ValueStride = width,
            Causal = true,
            Scale = 1f / MathF.Sqrt(headSize),
            DropoutProbability = dropout,
            DropoutKey = dropoutKey,
        };
        var tables = tape.RentMemory(TableFloats(batch, time));
        var logSumExp = y.Node.NeedsGradient ? tape.RentMemory((long)batch * heads * time) : null;
        var views = new Tables(tables, shape, qkv.Pointer);
        Attention.Forward(
            tape.Team, shape, qkv.Pointer, views.KeyPages, views.ValuePages, views.PagesPerSequence, views.KeyLengths, views.QueryOffsets,
            y.Pointer, logSumExp == null ? null : logSumExp.Pointer);
        if (logSumExp == null)
        {
            tape.ReturnMemory(tables);
            return y;
        }
        var record = tape.Record<AttentionOperation>(y);
        record.Save(qkv);
        record.Save(y);
        record.Own(logSumExp);
        record.Own(tables);
        (record._qkv, record._shape, record._tables) = (qkv.Node, shape, tables);
        record._logSumExp = logSumExp.Pointer;
        return y;
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
        var headSize = cache.HeadSize;
        var y = tape.Create(new Shape(batch, time, heads * headSize));
        var shape = new AttentionShape
        {
            Batch = batch,
            QueryLength = time,
            HeadCount = heads,
            KeyValueHeadCount = cache.KeyValueHeadCount,
            HeadSize = headSize,
            QueryStride = width,
            OutputStride = heads * headSize,
            KeyStride = cache.RowWidth,
            ValueStride = cache.RowWidth,
            Causal = true,
            Scale = 1f / MathF.Sqrt(headSize),
        };
        Attention.Forward(
            tape.Team, shape, qkv.Pointer, cache.KeyPages(layer), cache.ValuePages(layer), cache.PagesPerSequence,
            cache.LengthsAfter, cache.Lengths, y.Pointer, null);
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        var dqkv = tape.Gradient(_qkv, out var accumulate);
        if (accumulate)
        {
            throw new InvalidOperationException("A fused query, key and value projection feeds one attention only.");
        }
        var keysAndValues = new Tables(_tables, _shape, _qkv.Data!.Pointer);
        var gradientTables = tape.RentMemory(TableFloats(_shape.Batch, _shape.QueryLength));
        var gradients = new Tables(gradientTables, _shape, dqkv);
        Attention.Backward(
            tape.Team, _shape, _qkv.Data!.Pointer, keysAndValues.KeyPages, keysAndValues.ValuePages, keysAndValues.PagesPerSequence,
            keysAndValues.KeyLengths, keysAndValues.QueryOffsets, Output.Data!.Pointer, _logSumExp, OutputGradient, dqkv,
            gradients.KeyPages, gradients.ValuePages);
        tape.ReturnMemory(gradientTables);
    }

    private static int Pages(int time) => (time + Attention.PageLength - 1) / Attention.PageLength;

    /// <summary>Two tables of 8-byte pointers and two of 4-byte integers, in floats.</summary>
    private static long TableFloats(int batch, int time) => ((long)batch * Pages(time) * 4) + (2L * batch);

    /// <summary>The page tables of keys and values that lie as columns in a fused (batch, time, width) buffer.</summary>
    private readonly struct Tables
    {
        internal Tables(ArenaBlock memory, in AttentionShape shape, float* fused)
        {
            PagesPerSequence = Pages(shape.QueryLength);
            var pages = shape.Batch * PagesPerSequence;
            KeyPages = (float**)memory.Pointer;
            ValuePages = KeyPages + pages;
            KeyLengths = (int*)(ValuePages + pages);
            QueryOffsets = KeyLengths + shape.Batch;
            for (var sequence = 0; sequence < shape.Batch; sequence++)
            {
                var rows = fused + ((long)sequence * shape.QueryLength * shape.QueryStride);
                for (var page = 0; page < PagesPerSequence; page++)
                {
                    var key = rows + ((long)page * Attention.PageLength * shape.QueryStride) + (shape.HeadCount * shape.HeadSize);
                    KeyPages[(sequence * PagesPerSequence) + page] = key;
                    ValuePages[(sequence * PagesPerSequence) + page] = key + (shape.KeyValueHeadCount * shape.HeadSize);
                }
                KeyLengths[sequence] = shape.QueryLength;
                QueryOffsets[sequence] = 0;
            }
        }

        internal float** KeyPages { get; } // (batch, pages)

        internal float** ValuePages { get; } // (batch, pages)

        internal int PagesPerSequence { get; }

        internal int* KeyLengths { get; } // (batch)

        internal int* QueryOffsets { get; } // (batch)
    }
}
