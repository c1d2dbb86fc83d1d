using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <content>The one product that all steps of attention are made of, in registers.</content>
internal static unsafe partial class Attention
{
    /// <summary>Rows of a product come in multiples of this.</summary>
    private const int RowMultiple = 4;

    /// <summary>Columns of a panel: two registers.</summary>
    private static int PanelWidth<S, V>()
        where S : struct, ISimd<V>
        where V : struct
        => 2 * S.Count;

    private static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>
    /// c = a · b or c += a · b, where a (rows, steps) is any strided view, and b (steps, columns) and c (rows, columns) are one
    /// panel of <see cref="PanelWidth"/> columns. Each element is one chain of multiply-adds with ascending steps, whatever the
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
    }

    /// <summary>Computes a product. A and c must have <paramref name="rows"/> rounded up to a multiple of <see cref="RowMultiple"/>.</summary>
    private static void Multiply<S, V>(in Product product, int rows)
        where S : struct, ISimd<V>
        where V : struct
    {
        rows = RoundUp(rows, RowMultiple);
        var sixes = (rows % 6) switch { 0 => rows, 4 => rows - 4, _ => rows - 8 };
        SixRows<S, V>(product, 0, sixes);
        FourRows<S, V>(product, sixes, rows);
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
