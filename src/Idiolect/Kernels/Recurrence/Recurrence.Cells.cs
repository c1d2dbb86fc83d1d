using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

// One step of each cell, element by element. A slope of a gate follows from its value: s (1 - s) of the logistic function,
// 1 - t^2 of the hyperbolic tangent.
internal static unsafe partial class Recurrence
{
    /// <summary>h = tanh(g).</summary>
    private readonly struct Rnn : ICell
    {
        public static bool KeepsProjectionsApart => false;

        public static bool HandsStateOn => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Forward<S, V>(in CellRows row, int width, int i, int count)
            where S : struct, ISimd<V>
            where V : struct
            => S.StorePartial(row.Hidden + i, SimdMath.Tanh<S, V>(S.LoadPartial(row.Gates + i, count)), count);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Backward<S, V>(in CellRows row, int width, int i, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var dh = S.Add(S.LoadPartial(row.DHidden + i, count), S.LoadPartial(row.DState + i, count));
            S.StorePartial(row.Gates + i, ThroughTanh<S, V>(dh, S.LoadPartial(row.Hidden + i, count)), count);
        }
    }

    /// <summary>c = f c' + i g, h = o tanh(c).</summary>
    private readonly struct Lstm : ICell
    {
        public static bool KeepsProjectionsApart => false;

        public static bool HandsStateOn => false;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Forward<S, V>(in CellRows row, int width, int i, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var gates = row.Gates + i;
            var input = SimdMath.Sigmoid<S, V>(S.LoadPartial(gates, count));
            var forget = SimdMath.Sigmoid<S, V>(S.LoadPartial(gates + width, count));
            var candidate = SimdMath.Tanh<S, V>(S.LoadPartial(gates + (2 * width), count));
            var output = SimdMath.Sigmoid<S, V>(S.LoadPartial(gates + (3 * width), count));
            var cell = S.MultiplyAdd(forget, S.LoadPartial(row.CellBefore + i, count), S.Multiply(input, candidate));
            S.StorePartial(gates, input, count);
            S.StorePartial(gates + width, forget, count);
            S.StorePartial(gates + (2 * width), candidate, count);
            S.StorePartial(gates + (3 * width), output, count);
            S.StorePartial(row.Cell + i, cell, count);
            S.StorePartial(row.Hidden + i, S.Multiply(output, SimdMath.Tanh<S, V>(cell)), count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Backward<S, V>(in CellRows row, int width, int i, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var gates = row.Gates + i;
            var input = S.LoadPartial(gates, count);
            var forget = S.LoadPartial(gates + width, count);
            var candidate = S.LoadPartial(gates + (2 * width), count);
            var output = S.LoadPartial(gates + (3 * width), count);
            var squashed = SimdMath.Tanh<S, V>(S.LoadPartial(row.Cell + i, count));
            var dh = S.Add(S.LoadPartial(row.DHidden + i, count), S.LoadPartial(row.DState + i, count));
            var dc = S.Add(S.LoadPartial(row.DCell + i, count), ThroughTanh<S, V>(S.Multiply(dh, output), squashed));
            S.StorePartial(gates, ThroughSigmoid<S, V>(S.Multiply(dc, candidate), input), count);
            S.StorePartial(
                gates + width, ThroughSigmoid<S, V>(S.Multiply(dc, S.LoadPartial(row.CellBefore + i, count)), forget), count);
            S.StorePartial(gates + (2 * width), ThroughTanh<S, V>(S.Multiply(dc, input), candidate), count);
            S.StorePartial(gates + (3 * width), ThroughSigmoid<S, V>(S.Multiply(dh, squashed), output), count);
            S.StorePartial(row.DCell + i, S.Multiply(dc, forget), count);
        }
    }

    /// <summary>n = tanh(gn + r un), h = n + z (h' - n), u being the state's projections.</summary>
    private readonly struct Gru : ICell
    {
        public static bool KeepsProjectionsApart => true;

        public static bool HandsStateOn => true;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Forward<S, V>(in CellRows row, int width, int i, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var gates = row.Gates + i;
            var recurrent = row.Recurrent + i;
            var reset = SimdMath.Sigmoid<S, V>(S.Add(S.LoadPartial(gates, count), S.LoadPartial(recurrent, count)));
            var update = SimdMath.Sigmoid<S, V>(S.Add(S.LoadPartial(gates + width, count), S.LoadPartial(recurrent + width, count)));
            var candidate = SimdMath.Tanh<S, V>(
                S.MultiplyAdd(reset, S.LoadPartial(recurrent + (2 * width), count), S.LoadPartial(gates + (2 * width), count)));
            S.StorePartial(gates, reset, count);
            S.StorePartial(gates + width, update, count);
            S.StorePartial(gates + (2 * width), candidate, count);
            var difference = S.Subtract(S.LoadPartial(row.HiddenBefore + i, count), candidate);
            S.StorePartial(row.Hidden + i, S.MultiplyAdd(update, difference, candidate), count);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Backward<S, V>(in CellRows row, int width, int i, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var gates = row.Gates + i;
            var recurrent = row.Recurrent + i;
            var reset = S.LoadPartial(gates, count);
            var update = S.LoadPartial(gates + width, count);
            var candidate = S.LoadPartial(gates + (2 * width), count);
            var dh = S.Add(S.LoadPartial(row.DHidden + i, count), S.LoadPartial(row.DState + i, count));
            var dCandidate = ThroughTanh<S, V>(S.Multiply(dh, S.Subtract(S.Create(1f), update)), candidate);
            var dReset = ThroughSigmoid<S, V>(S.Multiply(dCandidate, S.LoadPartial(recurrent + (2 * width), count)), reset);
            var difference = S.Subtract(S.LoadPartial(row.HiddenBefore + i, count), candidate);
            var dUpdate = ThroughSigmoid<S, V>(S.Multiply(dh, difference), update);
            S.StorePartial(gates, dReset, count);
            S.StorePartial(gates + width, dUpdate, count);
            S.StorePartial(gates + (2 * width), dCandidate, count);
            S.StorePartial(recurrent, dReset, count);
            S.StorePartial(recurrent + width, dUpdate, count);
            S.StorePartial(recurrent + (2 * width), S.Multiply(dCandidate, reset), count);
            S.StorePartial(row.DState + i, S.Multiply(dh, update), count);
        }
    }

    /// <summary>dy s (1 - s).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ThroughSigmoid<S, V>(V dy, V s)
        where S : struct, ISimd<V>
        where V : struct
        => S.Multiply(S.Multiply(dy, s), S.Subtract(S.Create(1f), s));

    /// <summary>dy (1 - t^2).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V ThroughTanh<S, V>(V dy, V t)
        where S : struct, ISimd<V>
        where V : struct
        => S.Multiply(dy, S.Multiply(S.Subtract(S.Create(1f), t), S.Add(S.Create(1f), t)));
}
