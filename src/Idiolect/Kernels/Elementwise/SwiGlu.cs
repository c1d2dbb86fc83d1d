using System.Numerics;
using System.Runtime.CompilerServices;

namespace Idiolect.Kernels;

/// <summary>The gated activation silu(gate) * up (Shazeer 2020, "GLU variants improve transformer").</summary>
internal static unsafe class SwiGlu
{
    /// <summary>y (rows, width) = silu(gate) * up; gateUp (rows, 2 * width) holds each row's gates, then its ups.</summary>
    internal static void Forward(Team team, float* gateUp, float* y, int rows, int width)
        => team.Run(
            new ForwardJob { GateUp = gateUp, Y = y, Rows = rows, Width = width }, Partition.RowParts(rows, width), KernelWork.Moving(3.0 * rows * width));

    /// <summary>Writes dGateUp (rows, 2 * width), which may alias gateUp, from dy (rows, width).</summary>
    internal static void Backward(Team team, float* dy, float* gateUp, float* dGateUp, int rows, int width)
        => team.Run(
            new BackwardJob { Dy = dy, GateUp = gateUp, DGateUp = dGateUp, Rows = rows, Width = width },
            Partition.RowParts(rows, width), KernelWork.Moving(5.0 * rows * width));

    private struct ForwardJob : IJob
    {
        internal float* GateUp; // (rows, 2, width)
        internal float* Y; // (rows, width)
        internal int Rows;
        internal int Width;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, Width);
            for (var row = first; row < end; row++)
            {
                var gates = GateUp + (2L * row * Width);
                var ups = gates + Width;
                var y = Y + ((long)row * Width);
                var i = 0;
                for (; i <= Width - S.Count; i += S.Count)
                {
                    Prefetch.Ahead(gates + i);
                    Prefetch.Ahead(ups + i);
                    Prefetch.Ahead(y + i);
                    Multiply<S, V>(gates + i, ups + i, y + i, S.Count);
                }
                if (i < Width)
                {
                    Multiply<S, V>(gates + i, ups + i, y + i, Width - i);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private static void Multiply<S, V>(float* gates, float* ups, float* y, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var gate = S.LoadPartial(gates, count);
            var silu = S.Multiply(gate, SimdMath.Sigmoid<S, V>(gate));
            S.StorePartial(y, S.Multiply(silu, S.LoadPartial(ups, count)), count);
        }
    }

    private struct BackwardJob : IJob
    {
        internal float* Dy; // (rows, width)
        internal float* GateUp; // (rows, 2, width)
        internal float* DGateUp; // (rows, 2, width)
        internal int Rows;
        internal int Width;

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var (first, end) = Partition.Rows(part, Rows, Width);
            for (var row = first; row < end; row++)
            {
                var gates = GateUp + (2L * row * Width);
                var dGates = DGateUp + (2L * row * Width);
                var dys = Dy + ((long)row * Width);
                var i = 0;
                for (; i <= Width - S.Count; i += S.Count)
                {
                    Prefetch.Ahead(dys + i);
                    Prefetch.Ahead(gates + i);
                    Prefetch.Ahead(gates + Width + i);
                    Differentiate<S, V>(dys + i, gates + i, dGates + i, S.Count);
                }
                if (i < Width)
                {
                    Differentiate<S, V>(dys + i, gates + i, dGates + i, Width - i);
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private readonly void Differentiate<S, V>(float* dys, float* gates, float* dGates, int count)
            where S : struct, ISimd<V>
            where V : struct
        {
            var gate = S.LoadPartial(gates, count);
            var up = S.LoadPartial(gates + Width, count);
            var dy = S.LoadPartial(dys, count);
            var s = SimdMath.Sigmoid<S, V>(gate);
            var silu = S.Multiply(gate, s);
            // silu'(gate) = s + silu (1 - s)
            var slope = S.MultiplyAdd(silu, S.Subtract(S.Create(1f), s), s);
            S.StorePartial(dGates, S.Multiply(S.Multiply(dy, up), slope), count);
            S.StorePartial(dGates + Width, S.Multiply(dy, silu), count);
        }
    }

    /// <summary>The formulas, plainly; shapes as above.</summary>
    internal static class Reference
    {
        internal static void Forward<T>(ReadOnlySpan<T> gateUp, Span<T> y, int width)
            where T : struct, IFloatingPointIeee754<T>
        {
            for (var i = 0; i < y.Length; i++)
            {
                var gate = ((i / width) * 2 * width) + (i % width);
                y[i] = Activation.Reference.Forward(ActivationKind.Silu, gateUp[gate]) * gateUp[gate + width];
            }
        }

        internal static void Backward<T>(ReadOnlySpan<T> dy, ReadOnlySpan<T> gateUp, Span<T> dGateUp, int width)
            where T : struct, IFloatingPointIeee754<T>
        {
            for (var i = 0; i < dy.Length; i++)
            {
                var gate = ((i / width) * 2 * width) + (i % width);
                dGateUp[gate] = dy[i] * gateUp[gate + width]
                    * Activation.Reference.Derivative(ActivationKind.Silu, gateUp[gate]);
                dGateUp[gate + width] = dy[i] * Activation.Reference.Forward(ActivationKind.Silu, gateUp[gate]);
            }
        }
    }
}
