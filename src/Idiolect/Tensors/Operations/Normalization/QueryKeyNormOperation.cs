using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>RMS normalisation of every query and key head of a fused projection (Henry et al. 2020), with one gain for each.</summary>
internal sealed unsafe class QueryKeyNormOperation : Operation
{
    private TensorNode _qkv = null!;
    private Parameter _queryGain = null!;
    private Parameter _keyGain = null!;
    private float* _inverseRms; // (batch * time, heads), then (batch * time, key-value heads)
    private int _heads;
    private int _keyValueHeads;

    /// <summary>Normalises the query and key heads and copies the values.</summary>
    /// <param name="tape">The step.</param>
    /// <param name="qkv">(batch, time, (heads + 2 * key-value heads) * head size).</param>
    /// <param name="queryGain">(head size).</param>
    /// <param name="keyGain">(head size).</param>
    /// <param name="heads">Query heads.</param>
    /// <param name="keyValueHeads">Key and value heads.</param>
    /// <param name="epsilon">What is added to the mean square.</param>
    /// <returns>The shape of qkv.</returns>
    internal static Tensor Apply(
        Tape tape, Tensor qkv, Parameter queryGain, Parameter keyGain, int heads, int keyValueHeads, float epsilon)
    {
        tape.Require(qkv);
        var needsGradient = qkv.Node.NeedsGradient || queryGain.RequiresGradient || keyGain.RequiresGradient;
        var y = tape.Create(qkv.Shape, needsGradient);
        var (rows, width, headSize) = (qkv.Shape.Rows, qkv.Shape.Width, queryGain.Shape[0]);
        Tape.RequireVector(keyGain, headSize);
        if (width != (heads + (2 * keyValueHeads)) * headSize)
        {
            throw new ArgumentException($"{heads} heads of {headSize} with {keyValueHeads} for keys and values do not lie in {qkv.Shape}.", nameof(qkv));
        }
        var bytes = qkv.Shape.Count * sizeof(float);
        Buffer.MemoryCopy(qkv.Pointer, y.Pointer, bytes, bytes);
        var statistics = y.Node.NeedsGradient ? tape.RentMemory((long)rows * (heads + keyValueHeads)) : null;
        var inverseRms = statistics == null ? null : statistics.Pointer;
        var (queries, keys) = (new RowLayout(heads, width, headSize), new RowLayout(keyValueHeads, width, headSize));
        var keyColumn = heads * headSize;
        RmsNorm.Forward(
            tape.Team, qkv.Pointer, queries, queryGain.Data, y.Pointer, queries, inverseRms, rows * heads, headSize, epsilon);
        RmsNorm.Forward(
            tape.Team, qkv.Pointer + keyColumn, keys, keyGain.Data, y.Pointer + keyColumn, keys,
            inverseRms == null ? null : inverseRms + ((long)rows * heads), rows * keyValueHeads, headSize, epsilon);
        if (statistics != null)
        {
            var record = tape.Record<QueryKeyNormOperation>(y);
            record.Own(statistics);
            record.Save(qkv);
            (record._qkv, record._queryGain, record._keyGain) = (qkv.Node, queryGain, keyGain);
            record._inverseRms = inverseRms;
            (record._heads, record._keyValueHeads) = (heads, keyValueHeads);
            tape.CountUse(queryGain);
            tape.CountUse(keyGain);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        // The values' gradient passes unchanged; that of queries and keys is replaced in place.
        var dy = tape.Gradient(Output, out _);
        var (rows, width, headSize) = (_qkv.Shape.Rows, _qkv.Shape.Width, _queryGain.Shape[0]);
        var (queries, keys) = (new RowLayout(_heads, width, headSize), new RowLayout(_keyValueHeads, width, headSize));
        var x = _qkv.Data!.Pointer;
        var keyColumn = _heads * headSize;
        RmsNorm.Backward(
            tape.Team, dy, queries, x, queries, _queryGain.Data, _inverseRms, dy, accumulateDx: false,
            _queryGain.RequiresGradient ? _queryGain.Gradient : null, rows * _heads, headSize);
        RmsNorm.Backward(
            tape.Team, dy + keyColumn, keys, x + keyColumn, keys, _keyGain.Data, _inverseRms + ((long)rows * _heads), dy + keyColumn,
            accumulateDx: false, _keyGain.RequiresGradient ? _keyGain.Gradient : null, rows * _keyValueHeads, headSize);
        tape.Contributed(_queryGain);
        tape.Contributed(_keyGain);
        tape.ShareGradient(Output.Gradient!, _qkv);
    }
}
