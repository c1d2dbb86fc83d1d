using System.Runtime.InteropServices;
using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class GemmPackingTests
{
    [Fact]
    public void Panels_of_bf16_pairs_hold_each_pair_of_inner_indices_in_four_bytes()
        => Gen.Select(Gen.Int[1, 40], Gen.Int[1, 21], Gen.Bool, Gen.ULong).Sample(
            (lines, depth, alongDepth, seed) =>
            {
                using var variants = new KernelVariants();
                var values = RandomValues.Normal(seed, lines * depth);
                foreach (var team in variants.All)
                {
                    var width = team.Vectors == Isa.Vector512 ? 12 : 6; // as A's panels, whose width is no multiple of a register
                    var stride = (width * depth) + 16;
                    var panels = (lines + width - 1) / width;
                    using var source = new NativeBuffer<float>(values);
                    using var destination = new NativeBuffer<float>(panels * stride);
                    team.Run(new Job { Source = source, Panels = destination, AlongDepth = alongDepth, Width = width, Lines = lines, Depth = depth, Stride = stride }, 1);
                    for (var line = 0; line < lines; line++)
                    {
                        for (var p = 0; p < depth; p++)
                        {
                            var expected = SimdScalar.RoundToBFloat16(values[alongDepth ? (line * depth) + p : (p * lines) + line]);
                            var pair = destination.Span.Slice((line / width * stride) + (p / 2 * width) + (line % width), 1);
                            var half = MemoryMarshal.Cast<float, ushort>(pair)[p % 2];
                            Assert.Equal(expected, BitConverter.UInt32BitsToSingle((uint)half << 16));
                        }
                        if (depth % 2 == 1)
                        {
                            var last = destination.Span.Slice((line / width * stride) + (depth / 2 * width) + (line % width), 1);
                            Assert.Equal(0, MemoryMarshal.Cast<float, ushort>(last)[1]);
                        }
                    }
                }
            },
            iter: 20, threads: 1);

    private struct Job : IJob
    {
        internal float* Source;
        internal float* Panels;
        internal bool AlongDepth;
        internal int Width;
        internal int Lines;
        internal int Depth;
        internal int Stride;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
            => Gemm.PackPanels<S, V>(
                new MatrixView(Source, AlongDepth ? Depth : Lines, transposed: !AlongDepth), AlongDepth, Width, Lines, Lines, Depth, Panels, Stride,
                Gemm.PanelFormat.BFloat16Pairs);
    }
}
