using System.Runtime.CompilerServices;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

/// <content>The one product that all steps of attention are made of, in registers.</content>
internal static unsafe partial class Attention
{
    /// <summary>Rows of a product come in multiples of this.</summary>
    private const int RowMultiple = 4;

    /// <summary>Columns that two registers hold.</summary>
    private static int PairColumns(int lanes) => 2 * lanes;

    /// <summary>
    /// Columns of a panel: a pair of registers or, of 512 bits, of which there are 32, two pairs. An element of a is then loaded once for both: 34 instructions
    /// for 24 multiply-adds instead of 40, without the loop's own.
    /// </summary>
    private static int PanelColumns(int lanes) => lanes == 16 ? 4 * lanes : 2 * lanes;

    /// <summary>
    /// c = a · b or c += a · b, where a (rows, steps) is any strided view, and b (steps, columns) and c (rows, columns) are one
    /// panel of <see cref="PanelColumns"/> columns, or a part of it. Each element is one chain of multiply-adds with ascending steps, whatever the
    /// block that computes it.
    /// </summary>
    private struct Product
    {
        internal float* A;
        internal nint ARow; // between rows
        internal nint AStep; // between steps
        internal float* B;
        internal nint BRow; // between steps
        internal float* C;
        internal nint CRow;
        internal nint Steps;
        internal bool Accumulate;

        /// <summary>The product from a row, a step and a column on. As many steps follow as <see cref="Steps"/> says.</summary>
        internal readonly Product From(int row, int step, int column)
            => this with { A = A + (row * ARow) + (step * AStep), B = B + (step * BRow) + column, C = C + (row * CRow) + column };
    }

    /// <summary>
    /// Computes the first columns of a product: a pair of registers, or two. A and c must have <paramref name="rows"/> rounded up to a multiple of
    /// <see cref="RowMultiple"/>.
    /// </summary>
    private static void Multiply<S, V>(in Product product, int rows, int columns)
        where S : struct, ISimd<V>
        where V : struct
    {
        rows = RoundUp(rows, RowMultiple);
        var sixes = (rows % 6) switch { 0 => rows, 4 => rows - 4, _ => rows - 8 };
        if (columns == PairColumns(S.Count))
        {
            SixRows<S, V>(product, 0, sixes);
            FourRows<S, V>(product, sixes, rows);
            return;
        }
        SixWideRows<S, V>(product, 0, sixes);
        FourRows<S, V>(product, sixes, rows);
        FourRows<S, V>(product.From(0, 0, PairColumns(S.Count)), sixes, rows);
    }

    /// <summary>The same where the first pair of two needs only some of the rows; it may get a few more. One pair needs them all.</summary>
    private static void MultiplyRows<S, V>(in Product product, int firstPairRows, int rows, int columns)
        where S : struct, ISimd<V>
        where V : struct
    {
        const int WholeBlocks = 12; // of six rows and of four
        firstPairRows = Math.Min(RoundUp(firstPairRows, WholeBlocks), rows);
        Multiply<S, V>(product, firstPairRows, columns);
        if (firstPairRows < rows)
        {
            Multiply<S, V>(product.From(firstPairRows, 0, PairColumns(S.Count)), rows - firstPairRows, PairColumns(S.Count));
        }
    }

    /// <summary>c += a · b where the first pair of two needs only some of the steps, or none. One pair needs them all.</summary>
    private static void AddSteps<S, V>(Product product, int rows, int firstPairSteps, int steps, int columns)
        where S : struct, ISimd<V>
        where V : struct
    {
        product.Accumulate = true;
        product.Steps = firstPairSteps;
        if (firstPairSteps > 0)
        {
            Multiply<S, V>(product, rows, columns);
        }
        if (firstPairSteps < steps)
        {
            product = product.From(0, firstPairSteps, PairColumns(S.Count));
            product.Steps = steps - firstPairSteps;
            Multiply<S, V>(product, rows, PairColumns(S.Count));
        }
    }

    /// <summary>Six rows at a time: 12 accumulators, 2 registers of b and 1 of a fill 15 of the 16 that AVX2 has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void SixRows<S, V>(in Product product, int first, int end)
        where S : struct, ISimd<V>
        where V : struct
    {
        var (aStep, bRow, cRow) = (product.AStep, product.BRow, product.CRow);
        var c = product.C + (first * cRow);
        for (var row = first; row < end; row += 6, c += cRow)
        {
            var a0 = product.A + (row * product.ARow);
            var a1 = a0 + product.ARow;
            var a2 = a1 + product.ARow;
            var a3 = a2 + product.ARow;
            var a4 = a3 + product.ARow;
            var a5 = a4 + product.ARow;
            V c00 = S.Zero, c01 = S.Zero;
            V c10 = S.Zero, c11 = S.Zero;
            V c20 = S.Zero, c21 = S.Zero;
            V c30 = S.Zero, c31 = S.Zero;
            V c40 = S.Zero, c41 = S.Zero;
            V c50 = S.Zero, c51 = S.Zero;
            if (product.Accumulate)
            {
                c00 = S.Load(c);
                c01 = S.Load(c + S.Count);
                c10 = S.Load(c + cRow);
                c11 = S.Load(c + cRow + S.Count);
                c20 = S.Load(c + (2 * cRow));
                c21 = S.Load(c + (2 * cRow) + S.Count);
                c30 = S.Load(c + (3 * cRow));
                c31 = S.Load(c + (3 * cRow) + S.Count);
                c40 = S.Load(c + (4 * cRow));
                c41 = S.Load(c + (4 * cRow) + S.Count);
                c50 = S.Load(c + (5 * cRow));
                c51 = S.Load(c + (5 * cRow) + S.Count);
            }
            var b = product.B;
            nint offset = 0;
            for (var steps = product.Steps; steps > 0; steps--)
            {
                var b0 = S.Load(b);
                var b1 = S.Load(b + S.Count);
                var x = S.Create(a0[offset]);
                c00 = S.MultiplyAdd(x, b0, c00);
                c01 = S.MultiplyAdd(x, b1, c01);
                x = S.Create(a1[offset]);
                c10 = S.MultiplyAdd(x, b0, c10);
                c11 = S.MultiplyAdd(x, b1, c11);
                x = S.Create(a2[offset]);
                c20 = S.MultiplyAdd(x, b0, c20);
                c21 = S.MultiplyAdd(x, b1, c21);
                x = S.Create(a3[offset]);
                c30 = S.MultiplyAdd(x, b0, c30);
                c31 = S.MultiplyAdd(x, b1, c31);
                x = S.Create(a4[offset]);
                c40 = S.MultiplyAdd(x, b0, c40);
                c41 = S.MultiplyAdd(x, b1, c41);
                x = S.Create(a5[offset]);
                c50 = S.MultiplyAdd(x, b0, c50);
                c51 = S.MultiplyAdd(x, b1, c51);
                offset += aStep;
                b += bRow;
            }
            S.Store(c, c00);
            S.Store(c + S.Count, c01);
            c += cRow;
            S.Store(c, c10);
            S.Store(c + S.Count, c11);
            c += cRow;
            S.Store(c, c20);
            S.Store(c + S.Count, c21);
            c += cRow;
            S.Store(c, c30);
            S.Store(c + S.Count, c31);
            c += cRow;
            S.Store(c, c40);
            S.Store(c + S.Count, c41);
            c += cRow;
            S.Store(c, c50);
            S.Store(c + S.Count, c51);
        }
    }

    /// <summary>The same over twice the columns: 24 accumulators, 4 registers of b and 1 of a, of 32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void SixWideRows<S, V>(in Product product, int first, int end)
        where S : struct, ISimd<V>
        where V : struct
    {
        var (aStep, bRow, cRow) = (product.AStep, product.BRow, product.CRow);
        for (var row = first; row < end; row += 6)
        {
            var a0 = product.A + (row * product.ARow);
            var a1 = a0 + product.ARow;
            var a2 = a1 + product.ARow;
            var a3 = a2 + product.ARow;
            var a4 = a3 + product.ARow;
            var a5 = a4 + product.ARow;
            var c = product.C + (row * cRow);
            V c00 = S.Zero, c01 = S.Zero, c02 = S.Zero, c03 = S.Zero;
            V c10 = S.Zero, c11 = S.Zero, c12 = S.Zero, c13 = S.Zero;
            V c20 = S.Zero, c21 = S.Zero, c22 = S.Zero, c23 = S.Zero;
            V c30 = S.Zero, c31 = S.Zero, c32 = S.Zero, c33 = S.Zero;
            V c40 = S.Zero, c41 = S.Zero, c42 = S.Zero, c43 = S.Zero;
            V c50 = S.Zero, c51 = S.Zero, c52 = S.Zero, c53 = S.Zero;
            if (product.Accumulate)
            {
                (c00, c01, c02, c03) = LoadFour<S, V>(c);
                (c10, c11, c12, c13) = LoadFour<S, V>(c + cRow);
                (c20, c21, c22, c23) = LoadFour<S, V>(c + (2 * cRow));
                (c30, c31, c32, c33) = LoadFour<S, V>(c + (3 * cRow));
                (c40, c41, c42, c43) = LoadFour<S, V>(c + (4 * cRow));
                (c50, c51, c52, c53) = LoadFour<S, V>(c + (5 * cRow));
            }
            var b = product.B;
            nint offset = 0;
            for (var steps = product.Steps; steps > 0; steps--)
            {
                var (b0, b1, b2, b3) = LoadFour<S, V>(b);
                MultiplyAddFour<S, V>(a0[offset], b0, b1, b2, b3, ref c00, ref c01, ref c02, ref c03);
                MultiplyAddFour<S, V>(a1[offset], b0, b1, b2, b3, ref c10, ref c11, ref c12, ref c13);
                MultiplyAddFour<S, V>(a2[offset], b0, b1, b2, b3, ref c20, ref c21, ref c22, ref c23);
                MultiplyAddFour<S, V>(a3[offset], b0, b1, b2, b3, ref c30, ref c31, ref c32, ref c33);
                MultiplyAddFour<S, V>(a4[offset], b0, b1, b2, b3, ref c40, ref c41, ref c42, ref c43);
                MultiplyAddFour<S, V>(a5[offset], b0, b1, b2, b3, ref c50, ref c51, ref c52, ref c53);
                offset += aStep;
                b += bRow;
            }
            StoreFour<S, V>(c, c00, c01, c02, c03);
            StoreFour<S, V>(c + cRow, c10, c11, c12, c13);
            StoreFour<S, V>(c + (2 * cRow), c20, c21, c22, c23);
            StoreFour<S, V>(c + (3 * cRow), c30, c31, c32, c33);
            StoreFour<S, V>(c + (4 * cRow), c40, c41, c42, c43);
            StoreFour<S, V>(c + (5 * cRow), c50, c51, c52, c53);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (V First, V Second, V Third, V Fourth) LoadFour<S, V>(float* from)
        where S : struct, ISimd<V>
        where V : struct
        => (S.Load(from), S.Load(from + S.Count), S.Load(from + (2 * S.Count)), S.Load(from + (3 * S.Count)));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreFour<S, V>(float* to, V first, V second, V third, V fourth)
        where S : struct, ISimd<V>
        where V : struct
    {
        S.Store(to, first);
        S.Store(to + S.Count, second);
        S.Store(to + (2 * S.Count), third);
        S.Store(to + (3 * S.Count), fourth);
    }

    /// <summary>Each c += a · b of its own.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void MultiplyAddFour<S, V>(float a, V b0, V b1, V b2, V b3, ref V c0, ref V c1, ref V c2, ref V c3)
        where S : struct, ISimd<V>
        where V : struct
    {
        var x = S.Create(a);
        c0 = S.MultiplyAdd(x, b0, c0);
        c1 = S.MultiplyAdd(x, b1, c1);
        c2 = S.MultiplyAdd(x, b2, c2);
        c3 = S.MultiplyAdd(x, b3, c3);
    }

    /// <summary>Four rows at a time, for what six do not divide.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining)]
    private static void FourRows<S, V>(in Product product, int first, int end)
        where S : struct, ISimd<V>
        where V : struct
    {
        var (aStep, bRow, cRow) = (product.AStep, product.BRow, product.CRow);
        var c = product.C + (first * cRow);
        for (var row = first; row < end; row += 4, c += cRow)
        {
            var a0 = product.A + (row * product.ARow);
            var a1 = a0 + product.ARow;
            var a2 = a1 + product.ARow;
            var a3 = a2 + product.ARow;
            V c00 = S.Zero, c01 = S.Zero;
            V c10 = S.Zero, c11 = S.Zero;
            V c20 = S.Zero, c21 = S.Zero;
            V c30 = S.Zero, c31 = S.Zero;
            if (product.Accumulate)
            {
                c00 = S.Load(c);
                c01 = S.Load(c + S.Count);
                c10 = S.Load(c + cRow);
                c11 = S.Load(c + cRow + S.Count);
                c20 = S.Load(c + (2 * cRow));
                c21 = S.Load(c + (2 * cRow) + S.Count);
                c30 = S.Load(c + (3 * cRow));
                c31 = S.Load(c + (3 * cRow) + S.Count);
            }
            var b = product.B;
            nint offset = 0;
            for (var steps = product.Steps; steps > 0; steps--)
            {
                var b0 = S.Load(b);
                var b1 = S.Load(b + S.Count);
                var x = S.Create(a0[offset]);
                c00 = S.MultiplyAdd(x, b0, c00);
                c01 = S.MultiplyAdd(x, b1, c01);
                x = S.Create(a1[offset]);
                c10 = S.MultiplyAdd(x, b0, c10);
                c11 = S.MultiplyAdd(x, b1, c11);
                x = S.Create(a2[offset]);
                c20 = S.MultiplyAdd(x, b0, c20);
                c21 = S.MultiplyAdd(x, b1, c21);
                x = S.Create(a3[offset]);
                c30 = S.MultiplyAdd(x, b0, c30);
                c31 = S.MultiplyAdd(x, b1, c31);
                offset += aStep;
                b += bRow;
            }
            S.Store(c, c00);
            S.Store(c + S.Count, c01);
            c += cRow;
            S.Store(c, c10);
            S.Store(c + S.Count, c11);
            c += cRow;
            S.Store(c, c20);
            S.Store(c + S.Count, c21);
            c += cRow;
            S.Store(c, c30);
            S.Store(c + S.Count, c31);
        }
    }
}
