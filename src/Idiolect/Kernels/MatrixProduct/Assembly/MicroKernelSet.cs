namespace Idiolect.Kernels.Assembly;

/// <summary>
/// The micro-kernels of a kind, each assembled when it is first asked for: one for whole tiles, and one for each number of rows that may be
/// left at the lower end of a matrix, so that nothing is computed for rows that there are not.
/// </summary>
internal sealed unsafe class MicroKernelSet(MicroKernelKind kind)
{
    private readonly Lazy<nint>[] _byRows = [.. Enumerable.Range(1, MicroKernelAssembler.Rows(kind)).Select(rows => new Lazy<nint>(() => Make(kind, rows)))];

    internal MicroKernelKind Kind => kind;

    /// <summary>Whether there is any.</summary>
    internal bool Exists => Whole != null;

    /// <summary>Computes whole tiles; null where the processor or the system does not allow it.</summary>
    internal delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Whole => Rows(_byRows.Length);

    /// <summary>Computes the first rows of tiles; null where it cannot be.</summary>
    internal delegate* unmanaged[SuppressGCTransition]<TileCall*, void> Rows(int rows)
        => (delegate* unmanaged[SuppressGCTransition]<TileCall*, void>)_byRows[rows - 1].Value;

    private static nint Make(MicroKernelKind kind, int rows)
    {
        if (!MicroKernelSupport.IsWorthwhile(kind) || (kind == MicroKernelKind.BFloat16Tiles && rows < MicroKernelAssembler.Rows(kind)))
        {
            return 0;
        }
        var convention = OperatingSystem.IsWindows() ? CallingConvention.Windows : CallingConvention.SystemV;
        return (nint)ExecutableMemory.Seal(MicroKernelAssembler.Assemble(kind, convention, rows));
    }
}
