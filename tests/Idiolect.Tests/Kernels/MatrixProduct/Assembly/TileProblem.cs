using Idiolect.Kernels;
using Idiolect.Kernels.Assembly;

namespace Idiolect.Tests.Kernels.Assembly;

/// <summary>A column of tiles to compute, and what must come out: plain loops in double over the elements that the panels hold.</summary>
internal sealed unsafe class TileProblem
{
    private readonly MicroKernelKind _kind;
    private readonly int _steps, _tiles, _rows, _columns, _cStride;
    private readonly int _computed; // rows of each tile
    private readonly bool _starts, _startIsRow;
    private readonly int[] _a, _b, _c, _row; // the 4 bytes of each step (and of the scales after the last one), or of each element of C
    private readonly int _aTile; // of a tile of A
    private readonly double[] _expected; // (tiles x rows, columns)

    internal TileProblem(MicroKernelKind kind, int computed, int steps, int tiles, bool starts, bool startIsRow, int surplus, ulong seed)
    {
        tiles = computed == MicroKernelAssembler.Rows(kind) ? tiles : 1;
        steps = Steps(kind, steps);
        (_kind, _computed, _steps, _tiles, _starts, _startIsRow) = (kind, computed, steps, tiles, starts, startIsRow);
        (_rows, _columns) = (MicroKernelAssembler.Rows(kind), MicroKernelAssembler.Columns(kind));
        _cStride = _columns + surplus;
        var scaled = MicroKernelAssembler.IsScaledInt16(kind);
        _aTile = _rows * (scaled ? steps + 1 : steps);
        _a = Fill(seed, tiles * _aTile);
        _b = Fill(seed + 1, (scaled ? steps + 1 : steps) * _columns);
        for (var tile = 0; scaled && tile < tiles; tile++)
        {
            Scales(seed + 4 + (ulong)tile, _rows).CopyTo(_a, (tile * _aTile) + (_rows * steps));
        }
        if (scaled)
        {
            Scales(seed + 3, _columns).CopyTo(_b, steps * _columns);
        }
        _c = Numbers(seed + 2, tiles * _rows * _cStride);
        _row = Numbers(seed + 3, _columns);
        _expected = new double[tiles * _rows * _columns];
        for (var row = 0; row < tiles * _rows; row++)
        {
            for (var column = 0; column < _columns; column++)
            {
                var sum = 0.0;
                for (var step = 0; step < steps; step++)
                {
                    sum += Product(_a[AIndex(row, step)], _b[(step * _columns) + column]);
                }
                sum *= scaled ? Number(_a[AIndex(row, steps)]) * Number(_b[(steps * _columns) + column]) : 1;
                _expected[(row * _columns) + column] = sum + (!starts ? 0 : Number(startIsRow ? _row[column] : _c[(row * _cStride) + column]));
            }
        }
    }

    /// <summary>The least number of steps from here on that a kernel can do.</summary>
    internal static int Steps(MicroKernelKind kind, int steps) => kind == MicroKernelKind.BFloat16Tiles ? (steps + 15) / 16 * 16 : steps;

    /// <summary>What the kernel is told to fetch ahead: where it begins, and the bytes from turn to turn and from tile to tile.</summary>
    internal (long First, long Stride, long TileStride) Ahead { get; init; }

    /// <summary>Has the tiles computed and compares; what lies between the rows of C, and below them, must be untouched.</summary>
    internal void Check(Action<nint> kernel)
    {
        using var a = new NativeBuffer<int>(_a);
        using var b = new NativeBuffer<int>(_b);
        using var c = new NativeBuffer<int>(_c);
        using var row = new NativeBuffer<int>(_row);
        var call = new TileCall
        {
            A = a.Pointer,
            B = b.Pointer,
            C = c.Pointer,
            Start = !_starts ? null : _startIsRow ? row.Pointer : c.Pointer,
            Steps = _steps,
            CStride = _cStride * 4,
            StartStride = _starts && !_startIsRow ? _cStride * 4 : 0,
            TileBytes = _aTile * 4,
            Tiles = _tiles,
            Ahead = (void*)Ahead.First,
            AheadStride = Ahead.Stride,
            AheadTileStride = Ahead.TileStride,
        };
        kernel((nint)(&call));
        var result = c.ToArray();
        for (var i = 0; i < result.Length; i++)
        {
            var (at, column) = (i / _cStride, i % _cStride);
            if (column >= _columns || at >= _tiles * _computed)
            {
                Assert.Equal(_c[i], result[i]);
                continue;
            }
            var expected = _expected[(at * _columns) + column];
            Assert.Equal(expected, Number(result[i]), 2e-5 * (1 + Math.Abs(expected)));
        }
    }

    private int AIndex(int row, int step)
        => _kind == MicroKernelKind.BFloat16Tiles ? (row / _rows * _steps * _rows) + (((step / 16 * _rows) + (row % _rows)) * 16) + (step % 16)
            : (row / _rows * _aTile) + (step * _rows) + (row % _rows);

    private double Product(int a, int b) => _kind switch
    {
        MicroKernelKind.BFloat16 or MicroKernelKind.BFloat16Tiles => (Half(a) * (double)Half(b)) + (Half(a << 16) * (double)Half(b << 16)),
        _ when MicroKernelAssembler.IsScaledInt16(_kind) => ((short)a * (short)b) + ((a >> 16) * (b >> 16)),
        MicroKernelKind.Int8 => Enumerable.Range(0, 4).Sum(i => (byte)(a >> (8 * i)) * (sbyte)(b >> (8 * i))),
        _ => Number(a) * Number(b),
    };

    private static float Half(int bits) => BitConverter.Int32BitsToSingle(bits & unchecked((int)0xFFFF0000));

    private double Number(int bits) => _kind == MicroKernelKind.Int8 ? bits : BitConverter.Int32BitsToSingle(bits);

    private int[] Fill(ulong seed, int count) => _kind switch
    {
        _ when MicroKernelAssembler.IsScaledInt16(_kind) => [.. RandomValues.Normal(seed, 2 * count).Chunk(2).Select(pair => ((int)(2000 * pair[0]) << 16) | (ushort)(short)(2000 * pair[1]))],
        MicroKernelKind.Int8 => Array.ConvertAll(RandomValues.Normal(seed, count), BitConverter.SingleToInt32Bits),
        MicroKernelKind.BFloat16 or MicroKernelKind.BFloat16Tiles => [.. RandomValues.Normal(seed, 2 * count).Chunk(2).Select(pair => BitConverter.SingleToInt32Bits(SimdScalar.PackBFloat16(pair[0], pair[1])))],
        _ => Numbers(seed, count),
    };

    private static int[] Scales(ulong seed, int count) => Array.ConvertAll(RandomValues.Normal(seed, count), value => BitConverter.SingleToInt32Bits(0.001f * value));

    private int[] Numbers(ulong seed, int count)
        => Array.ConvertAll(RandomValues.Normal(seed, count), value => _kind == MicroKernelKind.Int8 ? (int)(100 * value) : BitConverter.SingleToInt32Bits(value));
}
