using CsCheck;

namespace Idiolect.Tests.Kernels;

/// <summary>Sizes that are mostly no multiple of any register or block, some large enough for several parts.</summary>
internal static class KernelShapes
{
    internal static Gen<int> Rows { get; } = Gen.OneOf(Gen.Int[1, 5], Gen.Int[30, 90]);

    internal static Gen<int> Width { get; } = Gen.OneOf(Gen.Int[1, 40], Gen.OneOf(64, 100, 333, 1000));

    internal static Gen<int> Count { get; } = Gen.OneOf(Gen.Int[1, 70], Gen.Int[16000, 17000], Gen.Int[40000, 50000]);
}
