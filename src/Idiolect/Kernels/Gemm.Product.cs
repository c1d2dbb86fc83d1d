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
        internal delegate* unmanaged[SuppressGCTransition]<TileCall*, void> EdgeKernel; // for the rows of A that fill no tile; null: the same, into scratch
        private int _partPanels;
        private int _partRows;
        private int _columnParts;
        private int _rowParts;

        internal readonly KernelWork Work
            => new(2.0 * M * N * K, sizeof(float) * (((double)M * K) + ((double)K * N) + ((double)M * N * (Start == GemmStart.Accumulate ? 2 : 1))));

        /// <summary>
        /// Chooses the parts: so many that the threads end together, of the shape that packs least. Each part of the columns
        /// packs A again, each part of the rows B. Returns their number.
        /// </summary>
        internal int Divide(int threads, Isa vectors)
        {
            var (panelRows, panelColumns) = (PanelRows(Format, vectors), PanelColumns(vectors));
            var (tiles, panels) = (CeilingDivide(M, panelRows), CeilingDivide(N, panelColumns));
            var (packsA, packsB) = (M > 1, PackedB == null);
            var work = (long)M * N * Math.Max(K, 1);
            var mostParts = (int)Math.Clamp(work / LeastPartWork, 1, MostParts * threads);
            var leastRowParts = CeilingDivide(M, MostPartRows(Format, vectors));
            var perRegister = vectors.Lanes() * (Format == PanelFormat.BFloat16Tiles ? 16 : StepDepth(Format)); // multiply-adds
            var least = double.MaxValue;
            for (var rowParts = leastRowParts; rowParts == leastRowParts || rowParts <= Math.Min(tiles, mostParts); rowParts++)
            {
                for (var columnParts = 1; columnParts == 1 || (columnParts <= panels && rowParts * columnParts <= mostParts); columnParts++)
                {
                    var (partTiles, partPanels) = (CeilingDivide(tiles, rowParts), CeilingDivide(panels, columnParts));
                    var (rows, columns) = (CeilingDivide(tiles, partTiles), CeilingDivide(panels, partPanels)); // of parts
                    var rounds = CeilingDivide(rows * columns, threads);
                    var multiplied = (double)rounds * threads * partTiles * panelRows * partPanels * panelColumns * K;
                    var cost = (multiplied * (1 + (UnevenEnd / rounds)) * MultiplyCost / perRegister)
                        + (packsA ? PackACost * M * K * columns : 0) + (packsB ? (double)N * K * rows : 0);
                    if (cost < least)
                    {
                        (least, _partRows, _partPanels, _rowParts, _columnParts) = (cost, partTiles * panelRows, partPanels, rows, columns);
                    }
                }
            }
            return _columnParts * _rowParts;
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            if (Format == PanelFormat.BFloat16Tiles)
            {
                TileRegisters.PrepareThread();
            }
            var (rowPart, columnPart) = PlaceOf(part);
            var panelColumns = 2 * S.Count;
            // A single row is read where it lies: a panel of one row has the layout of a row.
            var panelRows = M == 1 && !A.Transposed && Format == PanelFormat.Float32 ? 1
                : Format == PanelFormat.BFloat16Tiles ? TileRegisterAssembler.TileSize
                : S.Count == 16 ? 12 : 6;
            var firstRow = rowPart * _partRows;
            var rows = Math.Min(_partRows, M - firstRow);
            var firstColumn = columnPart * _partPanels * panelColumns;
            var columns = Math.Min(_partPanels * panelColumns, N - firstColumn);

            var mostDepth = SlabDepth * StepDepth(Format); // the same bytes
            var surplus = Surplus(Format, S.Count);
            var slabDepth = RoundUp(Math.Clamp(K, 1, mostDepth + surplus), DepthMultiple(Format));
            var aPanelLength = (panelRows * (Format == PanelFormat.BFloat16Tiles ? slabDepth / 2 : slabDepth)) + PanelPadding;
            var packsA = panelRows > 1;
            var aLength = !packsA ? 0 : RoundUp(CeilingDivide(rows, panelRows) * aPanelLength, 16);
            var bLength = PackedB != null ? 0 : panelColumns * slabDepth;
            var aPanels = worker.Scratch(aLength + bLength); // (panels, depth, panel rows), each with padding after it
            var bPanel = aPanels + aLength; // (depth, panel columns)
            for (int first = 0, depth; first == 0 || first < K; first += Math.Max(depth, 1))
            {
                depth = NextDepth(K - first, mostDepth, surplus);
                var a = Offset(A, firstRow, first);
                if (packsA && Format == PanelFormat.BFloat16Tiles)
                {
                    PackTiles(a, rows, depth, aPanels, aPanelLength);
                }
                else if (packsA)
                {
                    PackPanels<S, V>(a, !A.Transposed, panelRows, rows, M - firstRow, depth, aPanels, aPanelLength, Format);
                }
                var block = new TileBlock<S, V>
                {
                    A = packsA ? aPanels : a.Data,
                    ATileLength = aPanelLength,
                    PanelRows = panelRows,
                    Rows = rows,
                    Depth = depth,
                    Steps = RoundUp(depth, DepthMultiple(Format)) / StepDepth(Format),
                    CStride = CStride,
                    Start = first == 0 ? Start : GemmStart.Accumulate,
                    Kernel = panelRows == 1 || depth == 0 ? null : Kernel,
                    EdgeKernel = panelRows == 1 || depth == 0 ? null : EdgeKernel,
                };
                var nextA = packsA ? NextOfA(part, first + depth, mostDepth, surplus) : default;
                for (var column = 0; column < columns; column += panelColumns)
                {
                    block.AheadOfA = nextA.During(column / panelColumns, CeilingDivide(columns, panelColumns), panelColumns, block.Steps / MicroKernelAssembler.StepsOfTurn);
                    block.B = PackedB != null ? PackedB + (((long)firstColumn + column) * K) + ((long)first * panelColumns) : bPanel;
                    block.Columns = Math.Min(panelColumns, columns - column);
                    block.Bias = Bias + firstColumn + column;
                    block.C = C + ((long)firstRow * CStride) + firstColumn + column;
                    if (PackedB == null)
                    {
                        PackPanels<S, V>(
                            Offset(B, first, firstColumn + column), B.Transposed, panelColumns, block.Columns, N - firstColumn - column, depth,
                            bPanel, bLength, Format);
                        FindAhead(ref block, first, depth, firstColumn, column, columns);
                    }
                    block.Multiply();
                }
            }
        }

        /// <summary>Neighbouring parts share the larger operand: what a thread does after each other, or threads at the same time.</summary>
        private readonly (int Row, int Column) PlaceOf(int part)
            => M > N ? (part / _columnParts, part % _columnParts) : (part % _rowParts, part / _rowParts);

        /// <summary>What of A is packed after the slab that ends at inner index <paramref name="first"/>: the next slab, or what the next part, as a rule the same thread's, begins with.</summary>
        private readonly Region NextOfA(int part, int first, int mostDepth, int surplus)
        {
            if (first >= K)
            {
                (part, first) = (part + 1, 0);
                if (part >= _rowParts * _columnParts)
                {
                    return default;
                }
            }
            var firstRow = PlaceOf(part).Row * _partRows;
            var (rows, depth) = (Math.Min(_partRows, M - firstRow), NextDepth(K - first, mostDepth, surplus));
            var from = Offset(A, firstRow, first);
            return A.Transposed ? new Region(from.Data, A.Stride, depth, rows) : new Region(from.Data, A.Stride, rows, depth);
        }

        /// <summary>Chooses what the kernel fetches into the second-level cache while it multiplies: the panel of B that is packed next.</summary>
        private readonly void FindAhead<S, V>(ref TileBlock<S, V> block, int first, int depth, int firstColumn, int column, int columns)
            where S : struct, ISimd<V>
            where V : struct
        {
            block.AheadOfB = default;
            var turns = block.Steps / MicroKernelAssembler.StepsOfTurn;
            var slabEnds = column + (2 * S.Count) >= columns;
            var nextFirst = slabEnds ? first + depth : first;
            var nextDepth = Math.Min(depth, K - nextFirst);
            if (turns == 0 || nextDepth <= 0)
            {
                return;
            }
            var nextColumn = firstColumn + (slabEnds ? 0 : column + (2 * S.Count));
            if (!B.Transposed)
            {
                // From each line of the matrix.
                block.AheadOfB = new Ahead(Offset(B, nextFirst, nextColumn).Data, B.Stride, (long)B.Stride * turns, CeilingDivide(nextDepth, turns));
            }
            else if (nextColumn + turns <= N)
            {
                // From as many lines as there are turns, which may be more than a panel has; then what lies beside it.
                block.AheadOfB = new Ahead(Offset(B, nextFirst, nextColumn).Data, B.Stride, 2 * S.Count, CeilingDivide(nextDepth, 2 * S.Count));
            }
        }
    }

    /// <summary>What the kernel fetches into the second-level cache during some tiles: at each turn of its loop two registers' floats.</summary>
    internal readonly struct Ahead(float* from, int stride, long tileStride, int tiles)
    {
        internal readonly float* From = from;
        internal readonly int Stride = stride; // floats from turn to turn
        internal readonly long TileStride = tileStride; // floats from the first of a tile to that of the next
        internal readonly int Tiles = tiles;
    }

    /// <summary>A piece of a matrix that is packed soon.</summary>
    internal readonly struct Region(float* data, int stride, int lines, int length)
    {
        /// <summary>
        /// What of it is fetched while a panel of B is multiplied: a strip as wide as the panel, from top to bottom. Only the last
        /// panels fetch, as many as there are strips, so that it is not yet evicted when it is needed.
        /// </summary>
        internal Ahead During(int panel, int panels, int panelColumns, int turns)
        {
            var strip = CeilingDivide(length, panelColumns) - (panels - panel);
            return lines == 0 || turns == 0 || strip < 0 ? default
                : new Ahead(data + ((long)strip * panelColumns), stride, (long)stride * turns, CeilingDivide(lines, turns));
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
        internal int CStride;
        internal int PanelRows;
        internal int Rows;
        internal int Columns; // at most those of a panel
        internal int Depth;
        internal int Steps;
        internal GemmStart Start;
        internal Ahead AheadOfB; // what to fetch during the first tiles
        internal Ahead AheadOfA; // and during the next
        internal delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Kernel;
        internal delegate* unmanaged[SuppressGCTransition]<TileCall*, void> EdgeKernel;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        internal readonly void Multiply()
        {
            var panelColumns = 2 * S.Count;
            var full = Columns == panelColumns ? Rows / PanelRows : 0; // tiles that lie within C
            var done = 0;
            WholeTiles(ref done, full, AheadOfB.Tiles, AheadOfB);
            WholeTiles(ref done, full, AheadOfA.Tiles, AheadOfA);
            WholeTiles(ref done, full, full, default);
            if (full * PanelRows == Rows)
            {
                return;
            }
            if (Columns == panelColumns && EdgeKernel != null)
            {
                Tiles(EdgeKernel, A + (full * ATileLength), B, C + ((long)full * PanelRows * CStride), CStride, 1, Start, Bias);
                return;
            }
            var edge = stackalloc float[32 * 32]; // (panel rows, panel columns), where a tile hangs over C's border
            for (var row = full * PanelRows; row < Rows; row += PanelRows)
            {
                var height = Math.Min(PanelRows, Rows - row);
                var c = C + ((long)row * CStride);
                LoadEdge(c, edge, height, Columns, panelColumns);
                Tiles(height < PanelRows && EdgeKernel != null ? EdgeKernel : Kernel, A + (row / PanelRows * ATileLength), B, edge, panelColumns, 1, GemmStart.Accumulate, null);
                for (var i = 0; i < height; i++)
                {
                    new ReadOnlySpan<float>(edge + (i * panelColumns), Columns).CopyTo(new Span<float>(c + ((long)i * CStride), Columns));
                }
            }
        }

        /// <summary>The next of the tiles that lie within C, at most so many.</summary>
        private readonly void WholeTiles(ref int done, int all, int most, in Ahead ahead)
        {
            var count = Math.Min(all - done, most);
            if (count > 0)
            {
                Tiles(Kernel, A + (done * ATileLength), B, C + ((long)done * PanelRows * CStride), CStride, count, Start, Bias, ahead);
                done += count;
            }
        }

        /// <summary>A column of tiles against one panel of B.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Tiles(
            delegate* unmanaged[SuppressGCTransition]<TileCall*, void> kernel, float* a, float* b, float* c, int cStride, int count, GemmStart start, float* bias,
            in Ahead ahead = default)
        {
            if (kernel != null)
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
                    TileBytes = (long)ATileLength * sizeof(float),
                    Tiles = count,
                    Ahead = ahead.From == null ? b : ahead.From, // nothing: the same line, again and again
                    AheadStride = (long)ahead.Stride * sizeof(float),
                    AheadTileStride = ahead.TileStride * sizeof(float),
                };
                kernel(&call);
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
