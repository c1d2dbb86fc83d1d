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
        private bool _keepsA; // whether all that a part needs of A is packed before, and kept for the next parts of the same rows

        internal readonly KernelWork Work
            => new(2.0 * M * N * K, sizeof(float) * (((double)M * K) + ((double)K * N) + ((double)M * N * (Start == GemmStart.Accumulate ? 2 : 1))));

        /// <summary>
        /// Chooses the parts: so many that the threads end together, of the shape that packs least. Each part of the columns
        /// packs A again, unless it is kept, each part of the rows B. Returns their number.
        /// </summary>
        internal int Divide(int threads, Isa vectors)
        {
            var (panelRows, panelColumns) = (PanelRows(Format, vectors.Lanes()), PanelColumns(vectors));
            var (tiles, panels) = (CeilingDivide(M, panelRows), CeilingDivide(N, panelColumns));
            var (packsA, packsB) = (M > 1, PackedB == null);
            var work = (long)M * N * Math.Max(K, 1);
            var mostParts = (int)Math.Clamp(work / LeastPartWork, 1, MostParts * threads);
            var leastRowParts = CeilingDivide(M, MostPartRows(Format, vectors));
            var perRegister = vectors.Lanes() * (Format == PanelFormat.BFloat16Tiles ? 16 : StepDepth(Format)); // multiply-adds
            var slabs = new Slabs(K, Format, vectors.Lanes());
            var mostKept = MostKeptFloats * vectors.Lanes() / 16;
            var mostPartsWithKeptA = (long)slabs.FloatsOfLine * panelRows > mostKept ? mostParts : (int)Math.Clamp(work / LeastPartWork, 1, MostPartsWithKeptA * threads);
            var packing = packsA ? PackACost * M * K : 0; // of all of A
            var least = double.MaxValue;
            for (var rowParts = leastRowParts; rowParts == leastRowParts || rowParts <= Math.Min(tiles, mostPartsWithKeptA); rowParts++)
            {
                var partTiles = CeilingDivide(tiles, rowParts);
                var rows = CeilingDivide(tiles, partTiles); // of parts
                var fits = packsA && (long)slabs.FloatsOfLine * partTiles * panelRows <= mostKept;
                // What is kept is packed by each thread that comes to the rows; if it is several slabs, without having been fetched.
                var (sharers, packingKept) = (CeilingDivide(threads, rows), packing * (slabs.Count == 1 ? 1 : 2));
                for (var columnParts = 1; columnParts == 1 || (columnParts <= panels && rowParts * columnParts <= mostPartsWithKeptA); columnParts++)
                {
                    var partPanels = CeilingDivide(panels, columnParts);
                    var columns = CeilingDivide(panels, partPanels);
                    var (costOfA, costOfKeptA) = (packing * columns, packingKept * Math.Min(columns, sharers));
                    var keepsA = fits && costOfKeptA < costOfA;
                    if (!keepsA && columnParts > 1 && rowParts * columnParts > mostParts)
                    {
                        continue;
                    }
                    var rounds = CeilingDivide(rows * columns, threads);
                    var multiplied = (double)rounds * threads * partTiles * panelRows * partPanels * panelColumns * K;
                    var cost = (multiplied * (1 + (UnevenEnd / rounds)) * MultiplyCost / perRegister)
                        + (keepsA ? costOfKeptA : costOfA) + (packsB ? (double)N * K * rows : 0);
                    if (cost < least)
                    {
                        (least, _partRows, _partPanels, _rowParts, _columnParts, _keepsA) = (cost, partTiles * panelRows, partPanels, rows, columns, keepsA);
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
            var panelRows = M == 1 && !A.Transposed && Format == PanelFormat.Float32 ? 1 : PanelRows(Format, S.Count);
            var firstRow = rowPart * _partRows;
            var rows = Math.Min(_partRows, M - firstRow);
            var firstColumn = columnPart * _partPanels * panelColumns;
            var columns = Math.Min(_partPanels * panelColumns, N - firstColumn);
            var panels = CeilingDivide(columns, panelColumns);

            var slabs = new Slabs(K, Format, S.Count);
            var aPanelLength = (panelRows * slabs.FloatsOfSlab) + PanelPadding;
            var packsA = panelRows > 1;
            var aLength = !packsA ? 0 : RoundUp(CeilingDivide(rows, panelRows) * aPanelLength, 16);
            var bLength = PackedB != null ? 0 : panelColumns * slabs.MostDepth;
            var bPanel = worker.Scratch(bLength + ((_keepsA ? slabs.Count : 1) * aLength)); // (depth, panel columns)
            var aPanels = bPanel + bLength; // (slabs if they are kept, panels, depth, panel rows), each with padding after it
            if (_keepsA && worker.Held != rowPart)
            {
                for (var slab = 0; slab < slabs.Count; slab++)
                {
                    PackA<S, V>(firstRow, rows, slabs.First(slab), slabs.Depth(slab), panelRows, aPanels + (slab * aLength), aPanelLength);
                }
                worker.Held = rowPart;
            }
            var nextA = default(Region);
            var blocks = slabs.Count * panels;
            for (var index = 0; index < blocks; index++)
            {
                var (slab, panel) = BlockOf(index, slabs.Count, panels);
                var (first, depth, column) = (slabs.First(slab), slabs.Depth(slab), firstColumn + (panel * panelColumns));
                var steps = RoundUp(depth, DepthMultiple(Format)) / StepDepth(Format);
                var turns = steps / MicroKernelAssembler.StepsOfTurn;
                if (packsA && (_keepsA ? index == 0 : panel == 0))
                {
                    nextA = NextOfA(part, slab, slabs);
                    if (!_keepsA)
                    {
                        PackA<S, V>(firstRow, rows, first, depth, panelRows, aPanels, aPanelLength);
                    }
                }
                var block = new TileBlock<S, V>
                {
                    A = !packsA ? Offset(A, firstRow, first).Data : _keepsA ? aPanels + (slab * aLength) : aPanels,
                    ATileLength = aPanelLength,
                    B = PackedB != null ? PackedB + ((long)column * K) + ((long)first * panelColumns) : bPanel,
                    C = C + ((long)firstRow * CStride) + column,
                    Bias = Bias + column,
                    PanelRows = panelRows,
                    Rows = rows,
                    Columns = Math.Min(panelColumns, firstColumn + columns - column),
                    Depth = depth,
                    Steps = steps,
                    CStride = CStride,
                    Start = slab == 0 ? Start : GemmStart.Accumulate,
                    Kernel = panelRows == 1 || depth == 0 ? null : Kernel,
                    EdgeKernel = panelRows == 1 || depth == 0 ? null : EdgeKernel,
                    AheadOfA = nextA.During(_keepsA ? index : panel, _keepsA ? blocks : panels, panelColumns, turns),
                };
                if (PackedB == null)
                {
                    PackPanels<S, V>(Offset(B, first, column), B.Transposed, panelColumns, block.Columns, N - column, depth, bPanel, bLength, Format);
                    var (nextSlab, nextPanel) = BlockOf(index + 1, slabs.Count, panels);
                    block.AheadOfB = index + 1 < blocks ? NextOfB(slabs, nextSlab, firstColumn + (nextPanel * panelColumns), panelColumns, turns)
                        : part + 1 < _rowParts * _columnParts ? NextOfB(slabs, 0, PlaceOf(part + 1).Column * _partPanels * panelColumns, panelColumns, turns)
                        : default;
                }
                block.Multiply();
            }
        }

        /// <summary>The order within a part. Where A is kept, the columns of C that a panel of B belongs to stay in a cache until their last slab.</summary>
        private readonly (int Slab, int Panel) BlockOf(int index, int slabs, int panels)
        {
            var (quotient, remainder) = Math.DivRem(index, _keepsA ? slabs : panels);
            return _keepsA ? (remainder, quotient) : (quotient, remainder);
        }

        private readonly void PackA<S, V>(int firstRow, int rows, int first, int depth, int panelRows, float* panels, int panelLength)
            where S : struct, ISimd<V>
            where V : struct
        {
            var a = Offset(A, firstRow, first);
            if (Format == PanelFormat.BFloat16Tiles)
            {
                PackTiles(a, rows, depth, panels, panelLength);
            }
            else
            {
                PackPanels<S, V>(a, !A.Transposed, panelRows, rows, M - firstRow, depth, panels, panelLength, Format);
            }
        }

        /// <summary>Neighbouring parts, which a thread does after each other, share what it keeps of A; or else the larger operand.</summary>
        private readonly (int Row, int Column) PlaceOf(int part)
            => _keepsA || M > N ? (part / _columnParts, part % _columnParts) : (part % _rowParts, part / _rowParts);

        /// <summary>What of A is packed after a slab: the next slab, or what the next part, as a rule the same thread's, begins with.</summary>
        private readonly Region NextOfA(int part, int slab, in Slabs slabs)
        {
            var next = _keepsA || slab + 1 == slabs.Count ? part + 1 : part;
            var row = PlaceOf(next).Row;
            if (next == _rowParts * _columnParts || (_keepsA && row == PlaceOf(part).Row))
            {
                return default;
            }
            var (firstRow, first) = (row * _partRows, next == part ? slabs.First(slab + 1) : 0);
            var (rows, depth) = (Math.Min(_partRows, M - firstRow), _keepsA ? K : slabs.Depth(next == part ? slab + 1 : 0));
            var from = Offset(A, firstRow, first);
            return A.Transposed ? new Region(from.Data, A.Stride, depth, rows) : new Region(from.Data, A.Stride, rows, depth);
        }

        /// <summary>A panel of B that is packed next.</summary>
        private readonly Ahead NextOfB(in Slabs slabs, int slab, int column, int panelColumns, int turns)
        {
            var depth = slabs.Depth(slab);
            var from = Offset(B, slabs.First(slab), column).Data;
            // From each line of the matrix; or else from as many lines as there are turns, which may be more than a panel has, then what lies beside it.
            return turns == 0 ? default
                : !B.Transposed ? new Ahead(from, B.Stride, (long)B.Stride * turns, CeilingDivide(depth, turns))
                : column + turns <= N ? new Ahead(from, B.Stride, panelColumns, CeilingDivide(depth, panelColumns))
                : default;
        }
    }

    /// <summary>The slabs of inner indices of a product, one after the other.</summary>
    private readonly struct Slabs
    {
        private readonly int _inner;
        private readonly int _depth; // of all but the last

        internal Slabs(int inner, PanelFormat format, int lanes)
        {
            (_inner, _depth) = (inner, SlabDepth * StepDepth(format)); // the same bytes
            var surplus = Surplus(format, lanes);
            Count = inner <= _depth + surplus ? 1 : 1 + CeilingDivide(inner - _depth - surplus, _depth);
            MostDepth = RoundUp(Math.Max(1, Math.Max(Depth(0), Depth(Count - 1))), DepthMultiple(format));
            FloatsOfSlab = format == PanelFormat.BFloat16Tiles ? MostDepth / 2 : MostDepth;
        }

        internal readonly int Count;

        /// <summary>Inner indices of the longest, a whole number of those that are multiplied at once.</summary>
        internal readonly int MostDepth;

        /// <summary>Floats that a line of the longest takes up.</summary>
        internal readonly int FloatsOfSlab;

        /// <summary>Floats that a line of all takes up.</summary>
        internal int FloatsOfLine => Count * FloatsOfSlab;

        internal int First(int slab) => slab * _depth;

        internal int Depth(int slab) => slab + 1 < Count ? _depth : _inner - First(slab);
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
