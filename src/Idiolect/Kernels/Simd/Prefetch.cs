using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Idiolect.Kernels;

/// <summary>Asks for what a loop over long rows comes to soon.</summary>
internal static unsafe class Prefetch
{
    /// <summary>
    /// Floats ahead: 2 KiB. The hardware fetches ahead too, but stops at each page of 4 KiB and, where neighbours use the memory, sooner. Loops with
    /// arithmetic or several operands gain 5 to 30%; sums over a few rows, which lie in a cache, lose.
    /// </summary>
    private const int Distance = 512;

    /// <summary>Asks for the cache line that lies so far beyond <paramref name="x"/>, which may lie outside of everything.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Ahead(float* x)
    {
        if (Sse.IsSupported)
        {
            Sse.Prefetch0(x + Distance);
        }
    }
}
