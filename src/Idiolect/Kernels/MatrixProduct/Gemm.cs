using Idiolect.Kernels.Assembly;
using static Idiolect.Kernels.Rounding;

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
/// Matrix product C (m x n) = A (m x k) · B (k x n) in the manner of BLIS (Van Zee and van de Geijn 2015): blocks of both
/// operands are packed into panels, then a register-blocked micro-kernel runs over tiles of C. Transposition and precision are
/// a matter of packing; where a matrix ends within a tile, a kernel of just the rows that are left, or the same one into scratch.
/// </summary>
/// <remarks>
/// <para>
/// C is divided into blocks of columns and groups of rows. A part packs what it needs into memory of its own thread, where it
/// stays in the L2 cache, and multiplies at once. An operand is packed again by each part that reads it, which costs less than packing
/// it once for all threads would: that writes it to memory and reads it back, and the threads wait for each other in between.
/// </para>
/// <para>
/// An element of C is a chain of fused multiply-adds with ascending k for each slab, and the slabs' sums are added in order
/// (by tile registers: sums of 32 products, added one after the other; of integers the exact sum, scaled), whatever the blocking, the number of rows or of threads.
/// So a row has the same bits alone or in a batch, on one thread or on many; and a long sum (the output layer's gradient runs over the vocabulary) loses little.
/// </para>
/// </remarks>
internal static unsafe partial class Gemm
{
    /// <summary>
    /// KC of Goto and van de Geijn (2008): steps packed at a time (a slab), of one inner index or, in bf16, two: a B panel
    /// (192 x 16 floats, 192 x 32 on wide registers) stays in an L1 cache of 32 or
    /// 48 KiB beside an A panel (192 x 6, 192 x 12), also where a neighbour on the same core takes half of it. Tile registers read both from the L2 cache
    /// anyway, and read and write C less often with longer slabs.
    /// </summary>
    private const int KC = 192, TileKC = 256;

    /// <summary>
    /// MC: rows of a part at most. There is no NC: a part has any number of columns and packs B a panel at a time. On registers of
    /// 8 floats two slabs of A (192 x 384 floats) stay in an L2 cache of 512 KiB beside a panel of B, on wider
    /// ones (384 x 384) in one of 1 MiB, and with tile registers, where packing B weighs most, 960 x 384 in one of 2 MiB, which all processors with them have.
    /// </summary>
    private const int MC = 192, WideMC = 384, TileMC = 960;

    /// <summary>Floats of A that are packed at a time, if a slab has not more: they stay in an L2 cache of 1 MiB or, half as many on registers of 8 floats, 512 KiB.</summary>
    private const int MostPackedFloats = 256 * 768;

    /// <summary>
    /// Parts for each thread at most: few, because threads take panels of each other's; and the multiply-adds below which a thread is not worth waking.
    /// </summary>
    private const int MostParts = 2, LeastPartWork = 250_000;

    /// <summary>
    /// What decides the parts, in the time it takes to pack an element of B, which has been fetched ahead: packing one of A, which has
    /// not; and multiplying and adding as many as a register holds.
    /// </summary>
    private const double PackACost = 2, MultiplyCost = 1.6;

    /// <summary>Rows this many floats apart fall into the same few lines of an L1 cache.</summary>
    private const int AliasingStride = 1024;

    private const int LineFloats = 16; // of a cache line

    /// <summary>Inner indices of a job, whole slabs of each format: what it reads of long operands is read again from a cache.</summary>
    private const int MostDepth = 24 * KC; // 12 of two inner indices a step, 9 with tile registers

    /// <summary>Floats after a packed panel, which a copy of whole registers may overwrite.</summary>
    private const int PanelPadding = 16;

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
    /// <param name="precision">How operands are rounded.</param>
    internal static void Multiply(
        Team team, int m, int n, int k, MatrixView a, MatrixView b, float* c, int cStride,
        GemmStart start = GemmStart.Zero, float* bias = null, Precision precision = Precision.Fp32)
        => Multiply(team, m, n, k, a, b, packedB: null, c, cStride, start, bias, precision);

    /// <summary>The same with a B that <see cref="PackB"/> has packed once, as the weights of an inference model are.</summary>
    internal static void MultiplyPacked(
        Team team, int m, int n, int k, MatrixView a, float* packedB, float* c, int cStride,
        GemmStart start = GemmStart.Zero, float* bias = null)
        => Multiply(team, m, n, k, a, default, packedB, c, cStride, start, bias, Precision.Fp32);

    /// <summary>Floats that <see cref="PackB"/> writes for a B of (k, n).</summary>
    internal static long PackedLength(Team team, int k, int n) => (long)k * RoundUp(n, PanelColumns(team.Vectors));

    /// <summary>Packs all of B (k, n) into panels (panel, k, panel columns).</summary>
    internal static void PackB(Team team, int k, int n, MatrixView b, float* destination)
    {
        var width = PanelColumns(team.Vectors);
        var job = new PackJob { Source = b, AlongDepth = b.Transposed, Panels = destination, PanelStride = width * k, Width = width, Depth = k, Lines = n };
        team.Run(job, job.Parts);
    }

    /// <summary>
    /// Floats from row to row at which rows of a length begin with a cache line, and do not fall into the same few lines of a cache: what a
    /// matrix of odd width that products write and read is best laid out by.
    /// </summary>
    internal static int AlignedStride(int length)
    {
        var stride = RoundUp(length, LineFloats);
        return stride % AliasingStride == 0 ? stride + LineFloats : stride;
    }

    private static void Multiply(
        Team team, int m, int n, int k, MatrixView a, MatrixView b, float* packedB, float* c, int cStride,
        GemmStart start, float* bias, Precision precision)
    {
        if (m == 0 || n == 0)
        {
            return;
        }
        var assembled = team.Isa == Isa.Assembled;
        var format = k == 0 ? PanelFormat.Float32 : FormatOf(team, precision); // with nothing to multiply no assembled kernel is called
        var rowsLeft = m % PanelRows(format, team.Vectors.Lanes());
        var kernels = !assembled ? null : format is PanelFormat.Float32 or PanelFormat.RoundedFloat32 ? MicroKernels.Float32 : MicroKernels.Bf16;
        var job = new ProductJob
        {
            PackedB = packedB,
            CStride = cStride,
            Bias = bias,
            M = m,
            N = n,
            C = c,
            Format = format,
            Kernel = kernels == null ? null : kernels.Whole,
            EdgeKernel = kernels == null || rowsLeft == 0 ? null : kernels.Rows(rowsLeft),
        };
        var pieces = new Pieces(k, packedB == null ? MostDepth : Math.Max(k, 1), Surplus(format, team.Vectors.Lanes()));
        for (var piece = 0; piece < pieces.Count; piece++)
        {
            var first = pieces.First(piece);
            job.K = pieces.Length(piece);
            job.B = Offset(b, first, 0);
            job.Start = piece == 0 ? start : GemmStart.Accumulate;
            job.A = Offset(a, 0, first);
            team.Run(job, job.Divide(team.ThreadCount, team.Vectors), job.Work);
        }
    }

    /// <summary>How a team's threads pack what they multiply.</summary>
    private static PanelFormat FormatOf(Team team, Precision precision)
        => precision == Precision.Fp32 ? PanelFormat.Float32
            : team.Isa != Isa.Assembled || !MicroKernels.Bf16.Exists ? PanelFormat.RoundedFloat32
            : MicroKernels.Bf16.Kind switch
            {
                MicroKernelKind.BFloat16Tiles => PanelFormat.BFloat16Tiles,
                MicroKernelKind.BFloat16 => PanelFormat.BFloat16Pairs,
                _ => PanelFormat.ScaledInt16Pairs,
            };

    /// <summary>
    /// Inner indices in slabs. On wide registers the last may be half as long again, where a short one would follow: its panel of B may then come from the L2
    /// cache, but C is read and written once less.
    /// </summary>
    private static Pieces Slabs(int k, PanelFormat format, int lanes) => new(k, SlabDepth(format), Surplus(format, lanes));

    private static int SlabDepth(PanelFormat format) => StepDepth(format) * (format == PanelFormat.BFloat16Tiles ? TileKC : KC);

    private static int Surplus(PanelFormat format, int lanes) => lanes == 16 ? SlabDepth(format) / 2 : 0;

    /// <summary>Rows of a micro-kernel tile: 12 where there are 32 registers, else 6.</summary>
    private static int PanelRows(PanelFormat format, int lanes)
        => format == PanelFormat.BFloat16Tiles ? TileRegisterAssembler.TileSize : lanes == 16 ? 12 : 6;

    private static int MostPartRows(PanelFormat format, Isa vectors)
        => format == PanelFormat.BFloat16Tiles ? TileMC : vectors == Isa.Vector512 ? WideMC : MC;

    /// <summary>Columns of a micro-kernel tile: two registers.</summary>
    private static int PanelColumns(Isa vectors) => 2 * vectors.Lanes();

    private static MatrixView Offset(MatrixView matrix, int row, int column)
        => new(matrix.Data + (matrix.Transposed ? ((long)column * matrix.Stride) + row : ((long)row * matrix.Stride) + column),
            matrix.Stride, matrix.Transposed);

    /// <summary>Inner indices in pieces, at least one, of the same length; the last may be shorter or, where a short one would follow, longer.</summary>
    private readonly struct Pieces(int total, int length, int surplus)
    {
        internal readonly int Count = total <= length + surplus ? 1 : 1 + CeilingDivide(total - length - surplus, length);

        internal int First(int piece) => piece * length;

        internal int Length(int piece) => piece + 1 < Count ? length : total - First(piece);

        internal int Longest => Math.Max(Length(0), Length(Count - 1));
    }
}
