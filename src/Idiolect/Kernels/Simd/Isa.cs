using System.Runtime.Intrinsics;

namespace Idiolect.Kernels;

/// <summary>The variants in which every kernel exists, narrowest first.</summary>
internal enum Isa
{
    Scalar,
    Vector128,
    Vector256,
    Vector512,

    /// <summary>
    /// Matrix products by micro-kernels assembled at run time, everything else by the widest of the others. Where the processor or
    /// the system does not allow them, the same as that.
    /// </summary>
    Assembled,
}

/// <summary>Chooses the variant once at start: the widest that the processor runs in hardware.</summary>
internal static class IsaSelector
{
    /// <summary>The name of the environment variable that forces a variant (for tests and comparisons).</summary>
    internal const string Variable = "IDIOLECT_ISA";

    /// <summary>The variant that this process uses unless a <see cref="Team"/> is made with another.</summary>
    internal static Isa Default { get; } = Choose(Environment.GetEnvironmentVariable(Variable));

    /// <summary>The widest variant in C# that the processor runs in hardware.</summary>
    private static Isa Widest { get; }
        = Vector512.IsHardwareAccelerated ? Isa.Vector512
            : Vector256.IsHardwareAccelerated ? Isa.Vector256
            : Vector128.IsHardwareAccelerated ? Isa.Vector128
            : Isa.Scalar;

    /// <summary>Every variant that this machine can run; those without hardware support run correctly but slowly.</summary>
    internal static Isa[] All => Enum.GetValues<Isa>();

    internal static Isa Choose(string? forced)
    {
        if (string.IsNullOrEmpty(forced))
        {
            return Isa.Assembled;
        }
        return Enum.GetNames<Isa>().Contains(forced, StringComparer.OrdinalIgnoreCase) // not its number
            ? Enum.Parse<Isa>(forced, ignoreCase: true)
            : throw new ArgumentException($"{Variable}={forced} is not one of scalar, vector128, vector256, vector512, assembled.");
    }

    /// <summary>The variant of the kernels in C#.</summary>
    internal static Isa Vectors(this Isa isa) => isa == Isa.Assembled ? Widest : isa;

    /// <summary>Floats in a register of a variant in C#.</summary>
    internal static int Lanes(this Isa vectors) => vectors switch
    {
        Isa.Vector512 => 16,
        Isa.Vector256 => 8,
        Isa.Vector128 => 4,
        _ => 1,
    };
}
