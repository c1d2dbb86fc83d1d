using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Idiolect.Kernels.Assembly;

namespace Idiolect.Kernels;

internal static unsafe partial class Gemm
{
    /// <summary>Computes a block of C from beginning to end: a part is some panels of B and a group of rows.</summary>
    private struct ProductJob : IJob
    {
        internal MatrixView A; // (M, K)
        internal MatrixView B; // (K, N)
        internal float* PackedA; // (panels, K, panel rows), each with padding after it, or null
        internal float* PackedB; // (panels, K, panel columns), or null
        internal float* C; // (M, N), stride CStride
        internal float* Bias; // (N)
        internal int CStride;
        internal int M;
        internal int N;
        internal int K;
        internal GemmStart Start;
        internal PanelFormat Format;
        internal delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Kernel; // null: the kernels in C#
        internal delegate* unmanaged[SuppressGCTransition]<TileCall*, void> RowsKernel; // null: A is packed
        internal bool SharesA; // whether A is to be packed for all parts, before the job runs
        private int _partPanels;
        private int _partRows;
        private int _columnParts;
        private int _rowParts;

        /// <summary>
        /// Chooses the parts: about eight for each thread, so that they end together, of the shape that packs least. Each
        /// part of the columns packs A again unless all share it, each part of the rows B. Returns their number.
        /// </summary>
        internal int Divide(int threads, Isa vectors)
        {
            var panels = CeilingDivide(N, PanelColumns(vectors));
            var tiles = CeilingDivide(M, PanelRows(vectors));
            var work = (long)M * N * Math.Max(K, 1);
            var wanted = (int)Math.Clamp(work / PartWork, Math.Clamp(work / LeastPartWork, 1, threads), 8 * threads);
            var leastRowParts = CeilingDivide(M, MostPartRows);
            var leastColumnParts = CeilingDivide(panels, PartPanels);
            var (packsA, packsB) = (RowsKernel == null && M > 1, PackedB == null);
            var least = long.MaxValue;
            for (var rowParts = leastRowParts; rowParts <= Math.Max(leastRowParts, Math.Min(tiles, wanted)); rowParts++)
            {
                var columnParts = Math.Min(panels, Math.Max(leastColumnParts, CeilingDivide(wanted, rowParts)));
                var (alone, shared) = ((long)M * columnParts * K, ((long)M * K) + JobCost);
                var packed = (packsA ? Math.Min(alone, shared) : 0) + (packsB ? (long)N * K * rowParts : 0);
                // Too few parts leave a thread idle, which is worse than any packing.
                packed += (long)(M + N) * Math.Max(K, 1) * 8 * Math.Max(0, wanted - (rowParts * columnParts));
                if (packed < least)
                {
                    (least, _rowParts, _columnParts, SharesA) = (packed, rowParts, columnParts, packsA && shared < alone);
                }
            }
            _partPanels = CeilingDivide(panels, _columnParts);
            _columnParts = CeilingDivide(panels, _partPanels);
            _partRows = CeilingDivide(tiles, _rowParts) * PanelRows(vectors);
            _rowParts = CeilingDivide(M, _partRows);
            return _columnParts * _rowParts;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            // Neighbouring parts share the larger operand, so that it comes from memory once.
            var (rowPart, columnPart) = M > N ? (part / _columnParts, part % _columnParts) : (part % _rowParts, part / _rowParts);
            var panelColumns = 2 * S.Count;
            // A single row is read where it lies: a panel of one row has the layout of a row.
            var panelRows = M == 1 && !A.Transposed && Format == PanelFormat.Float32 ? 1 : S.Count == 16 ? 12 : 6;
            var firstRow = rowPart * _partRows;
            var rows = Math.Min(_partRows, M - firstRow);
            var firstColumn = columnPart * _partPanels * panelColumns;
            var columns = Math.Min(_partPanels * panelColumns, N - firstColumn);

            var mostDepth = Format == PanelFormat.BFloat16Pairs ? 2 * SlabDepth : SlabDepth; // the same bytes
            var slabDepth = Math.Min(mostDepth, Math.Max(K, 1));
            var blockRows = S.Count == 16 ? 4 * BlockRows : BlockRows;
            var aPanelLength = (panelRows * slabDepth) + PanelPadding;
            var bPanelLength = panelColumns * slabDepth;
            var aLength = panelRows == 1 || PackedA != null ? 0 : RoundUp(CeilingDivide(Math.Min(rows, blockRows), panelRows) * aPanelLength, 16);
            // One panel of B at a time where all rows are multiplied with it at once; else all of them, for the next rows.
            var bLength = PackedB != null ? 0 : (rows <= blockRows ? 1 : CeilingDivide(columns, panelColumns)) * bPanelLength;
            var aPanels = worker.Scratch(aLength + bLength); // (panels, depth, panel rows), each with padding after it
            var bPanels = aPanels + aLength; // (panels, depth, panel columns)
            for (var first = 0; first == 0 || first < K; first += mostDepth)
            {
                var depth = Math.Min(mostDepth, K - first);
                var block = new TileBlock<S, V>
                {
                    PanelRows = panelRows,
                    Depth = depth,
                    Steps = Format == PanelFormat.BFloat16Pairs ? (depth + 1) / 2 : depth,
                    CStride = CStride,
                    Start = first == 0 ? Start : GemmStart.Accumulate,
                };
                for (var row = 0; row < rows; row += block.Rows)
                {
                    block.Rows = Math.Min(blockRows, rows - row);
                    var from = Offset(A, firstRow + row, first);
                    if (panelRows == 1 || (RowsKernel != null && block.Rows >= panelRows))
                    {
                        block.Rows -= block.Rows % panelRows; // rows that fill no tile are packed, with zeros below them
                        block.A = from.Data;
                        block.ARowStride = A.Stride;
                        block.ATileLength = (long)panelRows * A.Stride;
                        block.Kernel = panelRows == 1 ? null : RowsKernel;
                    }
                    else if (PackedA != null)
                    {
                        var step = Format == PanelFormat.BFloat16Pairs ? first / 2 : first; // panel rows floats each
                        block.ATileLength = ((long)panelRows * K) + PanelPadding;
                        block.A = PackedA + ((firstRow + row) / panelRows * block.ATileLength) + ((long)step * panelRows);
                        block.Kernel = Kernel;
                    }
                    else
                    {
                        PackPanels<S, V>(from, !A.Transposed, panelRows, block.Rows, M - firstRow - row, depth, aPanels, aPanelLength, Format);
                        block.A = aPanels;
                        block.ATileLength = aPanelLength;
                        block.Kernel = depth == 0 ? null : Kernel;
                    }
                    for (var column = 0; column < columns; column += panelColumns)
                    {
                        var panel = column / panelColumns;
                        block.B = PackedB != null ? PackedB + (((long)firstColumn + column) * K) + ((long)first * panelColumns)
                            : bPanels + (rows <= blockRows ? 0 : panel * bPanelLength);
                        block.Columns = Math.Min(panelColumns, columns - column);
                        block.Bias = Bias + firstColumn + column;
                        block.C = C + ((long)(firstRow + row) * CStride) + firstColumn + column;
                        if (PackedB == null && row == 0)
                        {
                            PackPanels<S, V>(
                                Offset(B, first, firstColumn + column), B.Transposed, panelColumns, block.Columns, N - firstColumn - column, depth,
                                block.B, bPanelLength, Format);
                            // The next panel arrives in the second-level cache while this one is multiplied.
                            var (nextFirst, nextColumn) = column + panelColumns < columns ? (first, column + panelColumns) : (first + mostDepth, 0);
                            block.Upcoming = Offset(B, nextFirst, firstColumn + nextColumn);
                            (block.UpcomingLines, block.UpcomingWidth) = (Math.Max(0, Math.Min(mostDepth, K - nextFirst)), Math.Min(panelColumns, columns - nextColumn));
                            if (B.Transposed)
                            {
                                (block.UpcomingLines, block.UpcomingWidth) = (block.UpcomingLines == 0 ? 0 : block.UpcomingWidth, block.UpcomingLines);
                            }
                        }
                        else
                        {
                            block.UpcomingLines = 0;
                        }
                        block.Multiply();
                    }
                }
            }
        }
    }

    /// <summary>A column of tiles of C from packed panels.</summary>
    private struct TileBlock<S, V>
        where S : struct, ISimd<V>
        where V : struct
    {
        internal float* A; // (rows / panel rows, tile length)
        internal float* B; // (depth, panel columns)
        internal float* C; // (Rows, Columns), stride CStride
        internal float* Bias; // (Columns)
        internal long ATileLength;
        internal int ARowStride; // of rows that are not packed
        internal int CStride;
        internal int PanelRows;
        internal int Rows;
        internal int Columns; // at most those of a panel
        internal int Depth;
        internal int Steps;
        internal GemmStart Start;
        internal delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Kernel;
        internal MatrixView Upcoming; // what to ask memory for meanwhile: UpcomingLines of UpcomingWidth floats
        internal int UpcomingLines;
        internal int UpcomingWidth;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        internal readonly void Multiply()
        {
            var panelColumns = 2 * S.Count;
            var full = Columns == panelColumns ? Rows / PanelRows : 0; // tiles that lie within C
            var (tile, line, at) = (0, 0, 0);
            if (Sse.IsSupported && UpcomingLines > 0 && full > 0)
            {
                var lines = UpcomingLines * (CeilingDivide(UpcomingWidth, 16) + 1); // of the cache, where a line of floats begins within one
                var perTile = CeilingDivide(lines, full);
                for (; tile < full; tile++)
                {
                    for (var i = 0; i < perTile && line < UpcomingLines; i++)
                    {
                        Sse.Prefetch1(Upcoming.Data + ((long)line * Upcoming.Stride) + Math.Min(at, UpcomingWidth - 1));
                        at += 16;
                        if (at >= UpcomingWidth + 16)
                        {
                            (line, at) = (line + 1, 0);
                        }
                    }
                    Tiles(A + (tile * ATileLength), B, C + ((long)tile * PanelRows * CStride), CStride, 1, Start, Bias);
                }
            }
            else if (full > 0)
            {
                Tiles(A, B, C, CStride, full, Start, Bias);
            }
            if (full * PanelRows == Rows)
            {
                return;
            }
            var edge = stackalloc float[12 * 32]; // (panel rows, panel columns), where a tile hangs over C's border
            for (var row = full * PanelRows; row < Rows; row += PanelRows)
            {
                var height = Math.Min(PanelRows, Rows - row);
                var c = C + ((long)row * CStride);
                LoadEdge(c, edge, height, Columns, panelColumns);
                Tiles(A + (row / PanelRows * ATileLength), B, edge, panelColumns, 1, GemmStart.Accumulate, null);
                for (var i = 0; i < height; i++)
                {
                    new ReadOnlySpan<float>(edge + (i * panelColumns), Columns).CopyTo(new Span<float>(c + ((long)i * CStride), Columns));
                }
            }
        }

        /// <summary>A column of tiles against one panel of B.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Tiles(float* a, float* b, float* c, int cStride, int count, GemmStart start, float* bias)
        {
            if (Kernel != null)
            {
                var call = new TileCall
                {
                    A = a,
                    B = b,
                    C = c,
                    Start = start == GemmStart.Zero ? null : start == GemmStart.Bias ? bias : c,
                    Steps = Steps,
                    CStride = (long)cStride * sizeof(float),
                    StartStride = start == GemmStart.Accumulate ? (long)cStride * sizeof(float) : 0,
                    ARowStride = (long)ARowStride * sizeof(float),
                    TileBytes = (long)ATileLength * sizeof(float),
                    Tiles = count,
                };
                Kernel(&call);
                return;
            }
            for (var tile = 0; tile < count; tile++)
            {
                PrefetchTile(c, cStride);
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
                a += ATileLength;
                c += (long)PanelRows * cStride;
            }
        }

        /// <summary>
        /// Asks for the tile of C, which is needed only when it has been computed: its rows lie far apart, where no hardware
        /// prefetcher looks.
        /// </summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void PrefetchTile(float* c, int cStride)
        {
            if (Sse.IsSupported)
            {
                for (var i = 0; i < PanelRows; i++)
                {
                    Sse.Prefetch0(c);
                    c += cStride;
                }
            }
        }

        private readonly void LoadEdge(float* c, float* edge, int height, int width, int panelColumns)
        {
            new Span<float>(edge, PanelRows * panelColumns).Clear();
            if (Start == GemmStart.Zero)
            {
                return;
            }
            for (var i = 0; i < height; i++)
            {
                var source = Start == GemmStart.Bias ? Bias : c + ((long)i * CStride);
                new ReadOnlySpan<float>(source, width).CopyTo(new Span<float>(edge + (i * panelColumns), width));
            }
        }
    }
}
