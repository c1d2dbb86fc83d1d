using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Idiolect.Kernels.Assembly;
using static Idiolect.Kernels.Rounding;

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
        /// Chooses the parts: for each thread one or two, of the shape that packs least. Each part of the columns packs A again, each part of the rows B.
        /// Returns their number.
        /// </summary>
        internal int Divide(int threads, Isa vectors)
        {
            var (panelRows, panelColumns) = (PanelRows(Format, vectors.Lanes()), PanelColumns(vectors));
            var (tiles, panels) = (CeilingDivide(M, panelRows), CeilingDivide(N, panelColumns));
            var work = (double)M * N * K;
            var mostParts = (int)Math.Clamp(work / LeastPartWork, 1, MostParts * threads);
            var leastRowParts = CeilingDivide(M, MostPartRows(Format, vectors));
            var perRegister = vectors.Lanes() * (Format == PanelFormat.BFloat16Tiles ? 16 : StepDepth(Format)); // multiply-adds
            var (packingA, packingB) = (M > 1 ? PackACost * M * K : 0, PackedB == null ? (double)N * K : 0); // of all of them, once
            var least = double.MaxValue;
            for (var rowParts = leastRowParts; rowParts == leastRowParts || rowParts <= Math.Min(tiles, mostParts); rowParts++)
            {
                var partTiles = CeilingDivide(tiles, rowParts);
                var rows = CeilingDivide(tiles, partTiles); // of parts
                for (var columnParts = 1; columnParts == 1 || (columnParts <= panels && rowParts * columnParts <= mostParts); columnParts++)
                {
                    var partPanels = CeilingDivide(panels, columnParts);
                    var columns = CeilingDivide(panels, partPanels);
                    // Where threads have parts of different size, they take panels of each other's; but a thread without any may come too late for that.
                    var idle = Math.Max(0, threads - (rows * columns));
                    var cost = (work * MultiplyCost / perRegister * threads / (threads - idle)) + (packingA * columns) + (packingB * rows);
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
                SignalStack.Enlarge();
            }
            var block = new Block(this, part, S.Count);
            var open = worker.Open(part, block.Passes, block.Panels);
            block.Place(worker.Scratch(block.ScratchLength));
            for (var pass = open.FirstPass; pass < block.Passes; pass++)
            {
                var nextA = NextOfA(block, pass + 1);
                var (firstSlab, endSlab) = block.SlabsOf(pass);
                for (var panel = open.FirstStep; open.Claims(pass, panel, out var end); panel++)
                {
                    for (var slab = firstSlab; slab < endSlab && panel == open.FirstStep && block.PacksA; slab++)
                    {
                        PackA<S, V>(block, slab);
                    }
                    var left = (end - panel) * (endSlab - firstSlab); // of slabs by panels, until A is packed again
                    for (var slab = firstSlab; slab < endSlab; slab++, left--)
                    {
                        var next = slab + 1 < endSlab ? (slab + 1, panel) : panel + 1 < end ? (firstSlab, panel + 1) : (endSlab, open.FirstStep);
                        Multiply<S, V>(block, slab, panel, next, nextA.During(left, block.PanelColumns, block.TurnsOf(slab)));
                    }
                }
            }
        }

        /// <summary>Multiplies a slab of the rows by a panel of B, and meanwhile fetches what is packed after it: of B here, of A as it is told.</summary>
        private readonly void Multiply<S, V>(in Block block, int slab, int panel, (int Slab, int Panel) next, in Ahead aheadOfA)
            where S : struct, ISimd<V>
            where V : struct
        {
            var panelColumns = block.PanelColumns;
            var (first, depth, column) = (block.Slabs.First(slab), block.Slabs.Length(slab), block.ColumnOf(panel));
            var tiles = new TileBlock<S, V>
            {
                A = block.PacksA ? block.PackedA(slab) : Offset(A, block.FirstRow, first).Data,
                ATileLength = block.ALength,
                B = PackedB != null ? PackedB + ((long)column * K) + ((long)first * panelColumns) : block.BPanel,
                C = C + ((long)block.FirstRow * CStride) + column,
                Bias = Bias + column,
                PanelRows = block.PanelRows,
                Rows = block.Rows,
                Columns = Math.Min(panelColumns, N - column),
                Depth = depth,
                Steps = block.StepsOf(slab),
                CStride = CStride,
                Start = slab == 0 ? Start : GemmStart.Accumulate,
                Kernel = block.PacksA && depth > 0 ? Kernel : null,
                EdgeKernel = block.PacksA && depth > 0 ? EdgeKernel : null,
                AheadOfA = aheadOfA,
            };
            if (PackedB == null)
            {
                PackPanels<S, V>(
                    Offset(B, first, column), B.Transposed, panelColumns, tiles.Columns, N - column, depth, block.BPanel, block.BLength, Format);
                tiles.AheadOfB = next.Slab < block.Slabs.Count ? NextOfB(block, next.Slab, block.ColumnOf(next.Panel))
                    : block.Part + 1 < _rowParts * _columnParts ? NextOfB(block, 0, PlaceOf(block.Part + 1).Column * _partPanels * panelColumns)
                    : default;
            }
            tiles.Multiply();
        }

        private readonly void PackA<S, V>(in Block block, int slab)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (a, depth) = (Offset(A, block.FirstRow, block.Slabs.First(slab)), block.Slabs.Length(slab));
            var panels = block.PackedA(slab);
            if (Format == PanelFormat.BFloat16Tiles)
            {
                PackTiles(a, block.Rows, depth, panels, block.ALength);
            }
            else
            {
                PackPanels<S, V>(a, !A.Transposed, block.PanelRows, block.Rows, M - block.FirstRow, depth, panels, block.ALength, Format);
            }
        }

        /// <summary>Neighbouring parts, which a thread does after each other, share the larger operand.</summary>
        private readonly (int Row, int Column) PlaceOf(int part)
            => M > N ? (part / _columnParts, part % _columnParts) : (part % _rowParts, part / _rowParts);

        /// <summary>What of A is packed for a pass or, where the part has no more, for the next part, as a rule the same thread's.</summary>
        private readonly Region NextOfA(in Block block, int pass)
        {
            var next = pass < block.Passes ? block.Part : block.Part + 1;
            if (!block.PacksA || next == _rowParts * _columnParts)
            {
                return default;
            }
            var (firstSlab, endSlab) = block.SlabsOf(pass % block.Passes);
            var (firstRow, first) = (PlaceOf(next).Row * _partRows, block.Slabs.First(firstSlab));
            var (rows, depth) = (Math.Min(_partRows, M - firstRow), block.Slabs.First(endSlab - 1) + block.Slabs.Length(endSlab - 1) - first);
            var from = Offset(A, firstRow, first);
            return A.Transposed ? new Region(from.Data, A.Stride, depth, rows) : new Region(from.Data, A.Stride, rows, depth);
        }

        /// <summary>A panel of B that is packed next.</summary>
        private readonly Ahead NextOfB(in Block block, int slab, int column)
        {
            var (depth, turns) = (block.Slabs.Length(slab), block.TurnsOf(slab));
            var from = Offset(B, block.Slabs.First(slab), column).Data;
            // From each line of the matrix; or else from as many lines as there are turns, which may be more than a panel has, then what lies beside it.
            return turns == 0 ? default
                : !B.Transposed ? new Ahead(from, B.Stride, (long)B.Stride * turns, CeilingDivide(depth, turns))
                : column + turns <= N ? new Ahead(from, B.Stride, block.PanelColumns, CeilingDivide(depth, block.PanelColumns))
                : default;
        }

        /// <summary>The block of C that is a part, and where its operands are packed.</summary>
        private struct Block
        {
            internal readonly int Part;
            internal readonly int FirstRow;
            internal readonly int Rows;
            internal readonly int Panels;
            internal readonly int PanelRows;
            internal readonly int PanelColumns;
            internal readonly bool PacksA;
            internal readonly Pieces Slabs;
            internal readonly int ALength; // of a panel of A and the padding after it
            internal readonly int BLength;
            internal readonly int ScratchLength;
            internal readonly int Passes;
            private readonly int _firstColumn;
            private readonly int _slabsOfPass;
            private readonly int _slabLength; // of all panels of A
            private readonly PanelFormat _format;

            internal Block(in ProductJob job, int part, int lanes)
            {
                (Part, _format) = (part, job.Format);
                Slabs = Gemm.Slabs(job.K, _format, lanes);
                // A single row is read where it lies: a panel of one row has the layout of a row.
                PacksA = job.M > 1 || job.A.Transposed || _format != PanelFormat.Float32;
                PanelRows = PacksA ? Gemm.PanelRows(_format, lanes) : 1;
                PanelColumns = 2 * lanes;
                var (row, column) = job.PlaceOf(part);
                (FirstRow, _firstColumn) = (row * job._partRows, column * job._partPanels * PanelColumns);
                Rows = Math.Min(job._partRows, job.M - FirstRow);
                Panels = Math.Min(job._partPanels, CeilingDivide(job.N - _firstColumn, PanelColumns));
                var depth = RoundUp(Math.Max(1, Slabs.Longest), DepthMultiple(_format));
                ALength = (PanelRows * (_format == PanelFormat.BFloat16Tiles ? depth / 2 : depth)) + PanelPadding;
                BLength = job.PackedB != null ? 0 : PanelColumns * depth;
                _slabLength = PacksA ? RoundUp(CeilingDivide(Rows, PanelRows) * ALength, LineFloats) : 0;
                _slabsOfPass = _slabLength == 0 ? Slabs.Count : Math.Clamp(MostPackedFloats * lanes / 16 / _slabLength, 1, Slabs.Count);
                Passes = CeilingDivide(Slabs.Count, _slabsOfPass);
                ScratchLength = BLength + (_slabsOfPass * _slabLength);
            }

            internal float* BPanel { get; private set; } // (depth, panel columns)

            /// <summary>(rows / panel rows, A length).</summary>
            internal readonly float* PackedA(int slab) => BPanel + BLength + (slab % _slabsOfPass * _slabLength);

            internal void Place(float* scratch) => BPanel = scratch;

            /// <summary>
            /// The slabs that are multiplied by each panel of B before the next: as many as a cache holds of A. What is read of B then lies together, and
            /// the columns of C that it belongs to are still near at the next slab.
            /// </summary>
            internal readonly (int First, int End) SlabsOf(int pass) => (pass * _slabsOfPass, Math.Min((pass + 1) * _slabsOfPass, Slabs.Count));

            internal readonly int ColumnOf(int panel) => _firstColumn + (panel * PanelColumns);

            internal readonly int StepsOf(int slab) => RoundUp(Slabs.Length(slab), DepthMultiple(_format)) / StepDepth(_format);

            /// <summary>Turns of the kernel's loop in a tile.</summary>
            internal readonly int TurnsOf(int slab)
                => StepsOf(slab) / (_format == PanelFormat.BFloat16Tiles ? TileRegisterAssembler.StepsOfTurn : MicroKernelAssembler.StepsOfTurn);
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
        /// What of it is fetched while a panel of B is multiplied, the last but so many, itself included: a strip as wide as the panel, from top to
        /// bottom. Only the last panels fetch, as many as there are strips, so that it is not yet evicted when it is needed.
        /// </summary>
        internal Ahead During(int left, int panelColumns, int turns)
        {
            var strip = CeilingDivide(length, panelColumns) - left;
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
            var start = Start == GemmStart.Zero ? GemmStart.Zero : GemmStart.Accumulate; // and not a zero that is added to: -0 + 0 is 0
            for (var row = full * PanelRows; row < Rows; row += PanelRows)
            {
                var height = Math.Min(PanelRows, Rows - row);
                var c = C + ((long)row * CStride);
                LoadEdge(c, edge, height, Columns, panelColumns);
                Tiles(height < PanelRows && EdgeKernel != null ? EdgeKernel : Kernel, A + (row / PanelRows * ATileLength), B, edge, panelColumns, 1, start, null);
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
            if (Start == GemmStart.Zero)
            {
                return;
            }
            new Span<float>(edge, PanelRows * panelColumns).Clear();
            for (var i = 0; i < height; i++)
            {
                var source = Start == GemmStart.Bias ? Bias : c + ((long)i * CStride);
                new ReadOnlySpan<float>(source, width).CopyTo(new Span<float>(edge + (i * panelColumns), width));
            }
        }
    }
}
