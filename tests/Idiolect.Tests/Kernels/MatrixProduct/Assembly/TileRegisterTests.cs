using Idiolect.Kernels;
using Idiolect.Kernels.Assembly;

namespace Idiolect.Tests.Kernels.Assembly;

public sealed unsafe class TileRegisterTests
{
    [Fact]
    public void Where_the_processor_has_tile_registers_and_linux_knows_them_bf16_uses_them()
    {
        Assert.SkipUnless(File.Exists("/proc/cpuinfo"), "needs Linux");
        var flags = File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("flags", StringComparison.Ordinal))?.Split(' ') ?? [];

        // Linux shows the flag only where it can save the registers.
        Assert.Equal(flags.Contains("amx_bf16") && MicroKernelSupport.IsSupported(MicroKernelKind.Float32Avx512), MicroKernels.Bf16 is { Exists: true, Kind: MicroKernelKind.BFloat16Tiles });
    }

    /// <summary>The kernel puts 8 KiB more on the stack of a signal then, for which .NET has not reserved enough: the process would end.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_null_reference_can_be_caught_on_a_thread_that_has_multiplied_in_bf16(int threads)
    {
        using var team = new Team(threads, IsaSelector.Default);
        using var caught = new NativeBuffer<int>(2);
        using var a = new NativeBuffer<float>(RandomValues.Normal(1, 256 * 256));
        using var c = new NativeBuffer<float>(256 * 256);
        Gemm.Multiply(team, 256, 256, 256, new MatrixView(a, 256), new MatrixView(a, 256), c, 256, precision: Precision.Bf16);

        team.Run(new FaultJob { Caught = caught }, 2);

        Assert.Equal([1, 1], caught.ToArray());
    }

    private struct FaultJob : IJob
    {
        internal int* Caught;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            try
            {
                _ = Nothing(part)!.Length;
            }
            catch (NullReferenceException)
            {
                Caught[part] = 1;
            }
            Thread.Sleep(20); // so that the other thread takes the other part
        }

        private static string? Nothing(int part) => part < 0 ? "" : null;
    }
}
