using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels;

/// <summary>A matrix in memory that a product reads: element (row, column) at <c>Data[row * Stride + column]</c>, or, when
/// <paramref name="transposed"/>, at <c>Data[column * Stride + row]</c>.</summary>
internal readonly unsafe struct MatrixView(float* data, int stride, bool transposed = false)
{
    internal readonly float* Data = data;
    internal readonly int Stride = stride;
    internal readonly bool Transposed = transposed;
}

/// <summary>What an output element holds before the products are added to it.</summary>
internal enum GemmStart
{
    /// <summary>Nothing: C = A B.</summary>
    Zero,

    /// <summary>C's own value: C += A B.</summary>
    Accumulate,

    /// <summary>The column's bias: C = A B + bias.</summary>
    Bias,
}

/// <summary>
/// Matrix product C (m x n) = A (m x k) · B (k x n) in the manner of BLIS (Van Zee and van de Geijn 2015): both operands are
/// packed into panels for one slab of <see cref="SlabDepth"/> inner indices at a time, then a register-blocked micro-kernel
/// runs over tiles of C. Transposition is a matter of packing; ragged edges are zero-padded panels and the same
/// micro-kernel into scratch.
/// </summary>
/// <remarks>
/// An element of C is a chain of fused multiply-adds with ascending k for each slab, and the slabs' sums are added in order,
/// whatever the blocking, the number of rows or of threads. So a row has the same bits alone or in a batch, on one thread
/// or on many; and a long sum (the output layer's gradient runs over the vocabulary) loses little.
/// </remarks>
internal static unsafe partial class Gemm
{
    /// <summary>Inner indices packed at a time: a B panel (256 x 16 floats) and an A panel (256 x 6) stay in a 32 KiB L1 cache.</summary>
    private const int SlabDepth = 256;

    /// <summary>Rows of C in a task: its packed A (96 x 256 floats, 96 KiB) stays in the L2 cache.</summary>
    private const int TaskRows = 96;

    /// <summary>Columns of a slab packed at a time, so that the packed B (256 x 4,096 floats, 4 MiB) stays in the L3 cache.</summary>
    private const int SlabColumns = 4096;

    /// <summary>Rows of a slab packed at a time, for the same reason.</summary>
    private const int SlabRows = 4032;

    /// <summary>Computes C = start + A B.</summary>
    /// <param name="team">The threads.</param>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="k">Columns of A, rows of B; 0 leaves the start value.</param>
    /// <param name="a">A (m, k).</param>
    /// <param name="b">B (k, n).</param>
    /// <param name="c">C (m, n), row-major.</param>
    /// <param name="cStride">Floats between rows of C.</param>
    /// <param name="start">What C holds before.</param>
    /// <param name="bias">(n), read when <paramref name="start"/> is <see cref="GemmStart.Bias"/>.</param>
    internal static void Multiply(
        Team team, int m, int n, int k, MatrixView a, MatrixView b, float* c, int cStride,
        GemmStart start = GemmStart.Zero, float* bias = null)
        => Multiply(team, m, n, k, a, b, packedB: null, c, cStride, start, bias);

    /// <summary>The same with a B that <see cref="PackB"/> has packed once, as the weights of an inference model are.</summary>
    internal static void MultiplyPacked(
        Team team, int m, int n, int k, MatrixView a, float* packedB, float* c, int cStride,
        GemmStart start = GemmStart.Zero, float* bias = null)
        => Multiply(team, m, n, k, a, default, packedB, c, cStride, start, bias);

    /// <summary>Floats that <see cref="PackB"/> writes for a B of (k, n).</summary>
    internal static long PackedLength(Team team, int k, int n) => (long)k * RoundUp(n, PanelColumns(team.Isa));

    /// <summary>Packs all of B (k, n) into panels (panel, k, panel columns).</summary>
    internal static void PackB(Team team, int k, int n, MatrixView b, float* destination)
    {
        var panelColumns = PanelColumns(team.Isa);
        var job = new PackJob { B = b, BPanels = destination, BPanelStride = (long)k * panelColumns, Depth = k, Columns = n };
        team.Run(job, job.Parts(PanelRows(team.Isa), panelColumns));
    }

    private static void Multiply(
        Team team, int m, int n, int k, MatrixView a, MatrixView b, float* packedB, float* c, int cStride,
        GemmStart start, float* bias)
    {
        if (m == 0 || n == 0)
        {
            return;
        }
        // A single row is read where it lies: a panel of one row has the layout of a row.
        var panelRows = m == 1 && !a.Transposed ? 1 : PanelRows(team.Isa);
        var panelColumns = PanelColumns(team.Isa);
        var slabDepth = Math.Min(SlabDepth, Math.Max(k, 1));
        var aLength = panelRows == 1 ? 0 : (long)slabDepth * RoundUp(Math.Min(m, SlabRows), panelRows);
        var bLength = packedB != null ? 0 : (long)slabDepth * RoundUp(Math.Min(n, SlabColumns), panelColumns);
        using var hold = team.HoldSharedScratch();
        var panels = team.SharedScratch(aLength + bLength);

        for (var firstColumn = 0; firstColumn < n; firstColumn += SlabColumns)
        {
            var columns = Math.Min(SlabColumns, n - firstColumn);
            for (var firstRow = 0; firstRow < m; firstRow += SlabRows)
            {
                var rows = Math.Min(SlabRows, m - firstRow);
                for (var first = 0; first == 0 || first < k; first += SlabDepth)
                {
                    var depth = Math.Min(SlabDepth, k - first);
                    var pack = new PackJob
                    {
                        A = Offset(a, firstRow, first),
                        APanels = panels,
                        Rows = panelRows == 1 ? 0 : rows,
                        B = Offset(b, first, firstColumn),
                        BPanels = panels + aLength,
                        BPanelStride = (long)depth * panelColumns,
                        Columns = packedB != null ? 0 : columns,
                        Depth = depth,
                    };
                    team.Run(pack, pack.Parts(panelRows, panelColumns));

                    var multiply = new TileJob
                    {
                        APanels = panelRows == 1 ? a.Data + first : panels,
                        PanelRows = panelRows,
                        BPanels = packedB != null ? packedB + ((long)firstColumn * k) + ((long)first * panelColumns) : panels + aLength,
                        BPanelStride = packedB != null ? (long)k * panelColumns : (long)depth * panelColumns,
                        C = c + ((long)firstRow * cStride) + firstColumn,
                        CStride = cStride,
                        Bias = bias + firstColumn,
                        Start = first == 0 ? start : GemmStart.Accumulate,
                        Rows = rows,
                        Columns = columns,
                        Depth = depth,
                    };
                    team.Run(multiply, multiply.Divide(team.ThreadCount, panelColumns));
                }
            }
        }
    }

    /// <summary>Rows of a micro-kernel tile: 12 where there are 32 registers, else 6.</summary>
    private static int PanelRows(Isa isa) => isa == Isa.Vector512 ? 12 : 6;

    /// <summary>Columns of a micro-kernel tile: two registers.</summary>
    private static int PanelColumns(Isa isa) => isa switch
    {
        Isa.Vector512 => 32,
        Isa.Vector256 => 16,
        Isa.Vector128 => 8,
        _ => 2,
    };

    private static MatrixView Offset(MatrixView matrix, int row, int column)
        => new(matrix.Data + (matrix.Transposed ? ((long)column * matrix.Stride) + row : ((long)row * matrix.Stride) + column),
            matrix.Stride, matrix.Transposed);

    private static int CeilingDivide(int value, int by) => (value + by - 1) / by;

    private static int RoundUp(int value, int multiple) => CeilingDivide(value, multiple) * multiple;

    /// <summary>Computes tiles of C from one packed slab: a part is a block of <see cref="TaskRows"/> rows and some panels of B.</summary>
    private struct TileJob : IJob
    {
        internal float* APanels; // (rows / panel rows, depth, panel rows)
        internal float* BPanels; // (columns / panel columns, depth, panel columns)
        internal long BPanelStride;
        internal float* C; // (rows, columns), stride CStride
        internal float* Bias; // (columns)
        internal int CStride;
        internal int PanelRows;
        internal int Rows;
        internal int Columns;
        internal int Depth;
        internal GemmStart Start;
        private int _rowBlocks;
        private int _panelsPerPart;

        /// <summary>Chooses the parts: about eight for each thread, so that they end together; returns their number.</summary>
        internal int Divide(int threads, int panelColumns)
        {
            _rowBlocks = CeilingDivide(Rows, TaskRows);
            var panels = CeilingDivide(Columns, panelColumns);
            var columnBlocks = Math.Clamp(CeilingDivide(8 * threads, _rowBlocks), 1, panels);
            // A part of under some 10 microseconds costs more to hand out than it gains.
            var smallest = Math.Max(1, 500_000 / Math.Max(1, Math.Min(Rows, TaskRows) * panelColumns * Depth));
            _panelsPerPart = Math.Max(smallest, CeilingDivide(panels, columnBlocks));
            return _rowBlocks * CeilingDivide(panels, _panelsPerPart);
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var panelColumns = 2 * S.Count;
            var firstRow = part % _rowBlocks * TaskRows;
            var lastRow = Math.Min(firstRow + TaskRows, Rows);
            var firstPanel = part / _rowBlocks * _panelsPerPart;
            var lastPanel = Math.Min(firstPanel + _panelsPerPart, CeilingDivide(Columns, panelColumns));
            var edge = stackalloc float[12 * 32]; // (panel rows, panel columns), where a tile hangs over C's border
            for (var panel = firstPanel; panel < lastPanel; panel++)
            {
                var column = panel * panelColumns;
                var width = Math.Min(panelColumns, Columns - column);
                var b = BPanels + (panel * BPanelStride);
                for (var row = firstRow; row < lastRow; row += PanelRows)
                {
                    var height = Math.Min(PanelRows, lastRow - row);
                    var a = APanels + ((long)row * Depth);
                    var c = C + ((long)row * CStride) + column;
                    PrefetchTile(c, height);
                    if (height == PanelRows && width == panelColumns)
                    {
                        Tile<S, V>(a, b, c, CStride, Start, Bias + column);
                        continue;
                    }
                    LoadEdge(c, edge, height, width, panelColumns, Bias + column);
                    Tile<S, V>(a, b, edge, panelColumns, GemmStart.Accumulate, null);
                    for (var i = 0; i < height; i++)
                    {
                        new ReadOnlySpan<float>(edge + (i * panelColumns), width)
                            .CopyTo(new Span<float>(c + ((long)i * CStride), width));
                    }
                }
            }
        }

        /// <summary>
        /// Asks for the tile of C, which is needed only when it has been computed: its rows lie far apart, where no hardware
        /// prefetcher looks.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void PrefetchTile(float* c, int rows)
        {
            if (Sse.IsSupported)
            {
                for (var i = 0; i < rows; i++)
                {
                    Sse.Prefetch0(c);
                    c += CStride;
                }
            }
        }

        private readonly void LoadEdge(float* c, float* edge, int height, int width, int panelColumns, float* bias)
        {
            new Span<float>(edge, PanelRows * panelColumns).Clear();
            if (Start == GemmStart.Zero)
            {
                return;
            }
            for (var i = 0; i < height; i++)
            {
                var source = Start == GemmStart.Bias ? bias : c + ((long)i * CStride);
                new ReadOnlySpan<float>(source, width).CopyTo(new Span<float>(edge + (i * panelColumns), width));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Tile<S, V>(float* a, float* b, float* c, int cStride, GemmStart start, float* bias)
            where S : struct, ISimd<V>
            where V : struct
        {
            if (PanelRows == 1)
            {
                Tile1<S, V>(Depth, a, b, c, start, bias);
            }
            else if (S.Count == 16)
            {
                Tile12<S, V>(Depth, a, b, c, cStride, start, bias);
            }
            else
            {
                Tile6<S, V>(Depth, a, b, c, cStride, start, bias);
            }
        }
    }
}
