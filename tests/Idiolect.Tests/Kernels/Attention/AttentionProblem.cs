using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

/// <summary>Inputs of one call of attention, and its results by the kernel and by the reference.</summary>
internal sealed unsafe record AttentionProblem
{
    internal int Batch { get; init; } = 1;

    internal int QueryLength { get; init; }

    internal int KeyLength { get; init; }

    internal int KeyValueHeads { get; init; } = 1;

    internal int GroupSize { get; init; } = 1;

    internal int HeadSize { get; init; }

    internal bool Causal { get; init; } = true;

    internal float Dropout { get; init; }

    /// <summary>(batch).</summary>
    internal required int[] KeyLengths { get; init; }

    /// <summary>(batch).</summary>
    internal required int[] QueryOffsets { get; init; }

    /// <summary>(batch, query length, heads, head size).</summary>
    internal required float[] Query { get; init; }

    /// <summary>(batch, key length, key-value heads, head size).</summary>
    internal required float[] Key { get; init; }

    /// <summary>As <see cref="Key"/>.</summary>
    internal required float[] Value { get; init; }

    /// <summary>As <see cref="Query"/>.</summary>
    internal required float[] OutputGradient { get; init; }

    private int Heads => KeyValueHeads * GroupSize;

    private int KeyWidth => KeyValueHeads * HeadSize;

    private int Pages => (KeyLength + Attention.PageLength - 1) / Attention.PageLength;

    /// <summary>A problem with normal inputs whose queries are the last ones of <paramref name="keyLength"/> positions.</summary>
    internal static AttentionProblem Create(
        ulong seed, int batch, int queryLength, int keyLength, int keyValueHeads, int groupSize, int headSize)
    {
        var queries = batch * queryLength * keyValueHeads * groupSize * headSize;
        var keys = batch * keyLength * keyValueHeads * headSize;
        return new AttentionProblem
        {
            Batch = batch,
            QueryLength = queryLength,
            KeyLength = keyLength,
            KeyValueHeads = keyValueHeads,
            GroupSize = groupSize,
            HeadSize = headSize,
            KeyLengths = [.. Enumerable.Repeat(keyLength, batch)],
            QueryOffsets = [.. Enumerable.Repeat(Math.Max(0, keyLength - queryLength), batch)],
            Query = RandomValues.Normal(seed, queries),
            Key = RandomValues.Normal(seed + 1, keys),
            Value = RandomValues.Normal(seed + 2, keys),
            OutputGradient = RandomValues.Normal(seed + 3, queries),
        };
    }

    /// <summary>Keys and values in pages that lie in reverse order, with NaN where there is no valid key.</summary>
    internal (float[] Output, float[] LogSumExp) Forward(Team team, bool wantLogSumExp = true)
    {
        const int Gap = 3;
        var shape = Shape(queryStride: (Heads * HeadSize) + Gap, keyStride: KeyWidth + Gap);
        var pageSize = Attention.PageLength * shape.KeyStride;
        using var query = Spread(Query, Heads * HeadSize, shape.QueryStride);
        using var key = new NativeBuffer<float>(Batch * Pages * pageSize);
        using var value = new NativeBuffer<float>(Batch * Pages * pageSize);
        using var keyPages = new NativeBuffer<nint>(Batch * Pages);
        using var valuePages = new NativeBuffer<nint>(Batch * Pages);
        key.Span.Fill(float.NaN);
        value.Span.Fill(float.NaN);
        for (var page = 0; page < Batch * Pages; page++)
        {
            var offset = ((Batch * Pages) - 1 - page) * pageSize;
            keyPages.Span[page] = (nint)(key.Pointer + offset);
            valuePages.Span[page] = (nint)(value.Pointer + offset);
            var (sequence, pageOfSequence) = Math.DivRem(page, Pages);
            var first = pageOfSequence * Attention.PageLength;
            for (var row = first; row < Math.Min(first + Attention.PageLength, KeyLengths[sequence]); row++)
            {
                var from = ((sequence * KeyLength) + row) * KeyWidth;
                var to = offset + ((row - first) * shape.KeyStride);
                Key.AsSpan(from, KeyWidth).CopyTo(key.Span[to..]);
                Value.AsSpan(from, KeyWidth).CopyTo(value.Span[to..]);
            }
        }
        using var keyLengths = new NativeBuffer<int>(KeyLengths);
        using var queryOffsets = new NativeBuffer<int>(QueryOffsets);
        using var output = new NativeBuffer<float>(Query.Length);
        using var logSumExp = new NativeBuffer<float>(Batch * Heads * QueryLength);
        SpoilScratch(team);
        Attention.Forward(
            team, shape, query, (float**)keyPages.Pointer, (float**)valuePages.Pointer, Pages, keyLengths, queryOffsets,
            output, wantLogSumExp ? logSumExp.Pointer : null);
        return (output.ToArray(), logSumExp.ToArray());
    }

    /// <summary>Keys and values as the column slices of one buffer (batch, key length, key | value), and gradients alike.</summary>
    internal (float[] Query, float[] Key, float[] Value) Backward(Team team, float[] output, float[] logSumExp)
    {
        var shape = Shape(queryStride: Heads * HeadSize, keyStride: 2 * KeyWidth);
        using var query = new NativeBuffer<float>(Query);
        using var keyValue = new NativeBuffer<float>(2 * Key.Length);
        using var gradient = new NativeBuffer<float>(2 * Key.Length);
        gradient.Span.Fill(float.NaN); // Every row must be written.
        using var keyPages = new NativeBuffer<nint>(4 * Batch * Pages);
        var tables = (float**)keyPages.Pointer;
        var table = Batch * Pages;
        for (var row = 0; row < Batch * KeyLength; row++)
        {
            Key.AsSpan(row * KeyWidth, KeyWidth).CopyTo(keyValue.Span[(row * 2 * KeyWidth)..]);
            Value.AsSpan(row * KeyWidth, KeyWidth).CopyTo(keyValue.Span[((row * 2 * KeyWidth) + KeyWidth)..]);
        }
        for (var page = 0; page < table; page++)
        {
            var (sequence, pageOfSequence) = Math.DivRem(page, Pages);
            var offset = ((sequence * KeyLength) + (pageOfSequence * Attention.PageLength)) * 2 * KeyWidth;
            tables[page] = keyValue.Pointer + offset;
            tables[table + page] = keyValue.Pointer + offset + KeyWidth;
            tables[(2 * table) + page] = gradient.Pointer + offset;
            tables[(3 * table) + page] = gradient.Pointer + offset + KeyWidth;
        }
        using var keyLengths = new NativeBuffer<int>(KeyLengths);
        using var queryOffsets = new NativeBuffer<int>(QueryOffsets);
        using var outputBuffer = new NativeBuffer<float>(output);
        using var logSumExpBuffer = new NativeBuffer<float>(logSumExp);
        using var outputGradient = new NativeBuffer<float>(OutputGradient);
        using var queryGradient = new NativeBuffer<float>(Query.Length);
        SpoilScratch(team);
        Attention.Backward(
            team, shape, query, tables, tables + table, Pages, keyLengths, queryOffsets, outputBuffer, logSumExpBuffer,
            outputGradient, queryGradient, tables + (2 * table), tables + (3 * table));
        var key = new float[Key.Length];
        var value = new float[Key.Length];
        for (var row = 0; row < Batch * KeyLength; row++)
        {
            gradient.Span.Slice(row * 2 * KeyWidth, KeyWidth).CopyTo(key.AsSpan(row * KeyWidth));
            gradient.Span.Slice((row * 2 * KeyWidth) + KeyWidth, KeyWidth).CopyTo(value.AsSpan(row * KeyWidth));
        }
        return (queryGradient.ToArray(), key, value);
    }

    /// <summary>Output, log-sum-exp and the three gradients by the kernel, one after another.</summary>
    internal float[] All(Team team)
    {
        var (output, logSumExp) = Forward(team);
        var (query, key, value) = Backward(team, output, logSumExp);
        return [.. output, .. logSumExp.Select(x => float.IsNegativeInfinity(x) ? -1000f : x), .. query, .. key, .. value];
    }

    /// <summary>What <see cref="All"/> gives, by the reference.</summary>
    internal double[] AllByReference()
    {
        var query = new double[Query.Length];
        var output = new double[Query.Length];
        var key = new double[Key.Length];
        var value = new double[Key.Length];
        var logSumExp = new double[Batch * Heads * QueryLength];
        for (var sequence = 0; sequence < Batch; sequence++)
        {
            for (var head = 0; head < Heads; head++)
            {
                var q = Slice(Query, sequence, QueryLength, Heads, head);
                var k = Slice(Key, sequence, KeyLength, KeyValueHeads, head / GroupSize);
                var v = Slice(Value, sequence, KeyLength, KeyValueHeads, head / GroupSize);
                var (o, l, p) = (new double[q.Length], new double[QueryLength], new double[QueryLength * KeyLength]);
                var (dq, dk, dv) = (new double[q.Length], new double[k.Length], new double[k.Length]);
                var visible = Visible(sequence);
                var keep = Keep(sequence, head);
                var scale = (double)Shape(0, 0).Scale;
                Attention.Reference.Forward<double>(HeadSize, scale, visible, q, k, v, keep, p, o, l);
                Attention.Reference.Backward<double>(
                    HeadSize, scale, visible, q, k, v, keep, p, Slice(OutputGradient, sequence, QueryLength, Heads, head), dq, dk, dv);
                AddSlice(o, output, sequence, QueryLength, Heads, head);
                AddSlice(dq, query, sequence, QueryLength, Heads, head);
                AddSlice(dk, key, sequence, KeyLength, KeyValueHeads, head / GroupSize);
                AddSlice(dv, value, sequence, KeyLength, KeyValueHeads, head / GroupSize);
                l.CopyTo(logSumExp, ((sequence * Heads) + head) * QueryLength);
            }
        }
        return [.. output, .. logSumExp.Select(x => double.IsNegativeInfinity(x) ? -1000 : x), .. query, .. key, .. value];
    }

    /// <summary>What a job left in its memory, or the system's zeros, must not matter to the next.</summary>
    private static void SpoilScratch(Team team)
    {
        for (var index = 0; index <= team.ThreadCount; index++)
        {
            var length = (int)Idiolect.Kernels.NativeBuffer.HugePageFloats; // what each has at least
            new Span<float>(team.Scratch(index, length), length).Fill(float.NaN);
        }
    }

    private AttentionShape Shape(int queryStride, int keyStride) => new()
    {
        Batch = Batch,
        QueryLength = QueryLength,
        KeyLength = KeyLength,
        HeadCount = Heads,
        KeyValueHeadCount = KeyValueHeads,
        HeadSize = HeadSize,
        QueryStride = queryStride,
        OutputStride = Heads * HeadSize,
        KeyStride = keyStride,
        Causal = Causal,
        Scale = 1f / MathF.Sqrt(HeadSize),
        DropoutProbability = Dropout,
        DropoutKey = 0x0123456789abcdef,
    };

    private int[] Visible(int sequence)
        => [.. Enumerable.Range(0, QueryLength)
            .Select(i => Causal ? Math.Min(KeyLengths[sequence], QueryOffsets[sequence] + i + 1) : KeyLengths[sequence])];

    private double[] Keep(int sequence, int head)
    {
        var keep = new double[QueryLength * KeyLength];
        for (var i = 0; i < QueryLength; i++)
        {
            var rowKey = CounterRandom.Derive(CounterRandom.Derive(0x0123456789abcdef, (ulong)sequence), (ulong)head);
            rowKey = CounterRandom.Derive(rowKey, (ulong)(QueryOffsets[sequence] + i));
            for (var j = 0; j < KeyLength; j++)
            {
                var hash = CounterRandom.Hash((uint)rowKey, (uint)(rowKey >> 32), (uint)j);
                keep[(i * KeyLength) + j] = hash >= CounterRandom.DropThreshold(Dropout) ? 1.0 / (1.0 - Dropout) : 0.0;
            }
        }
        return keep;
    }

    private double[] Slice(float[] rows, int sequence, int length, int heads, int head)
    {
        var slice = new double[length * HeadSize];
        for (var i = 0; i < slice.Length; i++)
        {
            slice[i] = rows[Index(i, sequence, length, heads, head)];
        }
        return slice;
    }

    private void AddSlice(double[] slice, double[] rows, int sequence, int length, int heads, int head)
    {
        for (var i = 0; i < slice.Length; i++)
        {
            rows[Index(i, sequence, length, heads, head)] += slice[i];
        }
    }

    private int Index(int i, int sequence, int length, int heads, int head)
        => (((((sequence * length) + (i / HeadSize)) * heads) + head) * HeadSize) + (i % HeadSize);

    private static NativeBuffer<float> Spread(float[] rows, int width, int stride)
    {
        var spread = new NativeBuffer<float>(rows.Length / width * stride);
        for (var row = 0; row < rows.Length / width; row++)
        {
            rows.AsSpan(row * width, width).CopyTo(spread.Span[(row * stride)..]);
        }
        return spread;
    }
}
