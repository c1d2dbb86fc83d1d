using CsCheck;
using Iced.Intel;
using Idiolect.Kernels;
using Idiolect.Kernels.Assembly;

namespace Idiolect.Tests.Kernels.Assembly;

public sealed unsafe class MicroKernelTests
{
    private enum StartKind
    {
        Nothing,
        Accumulate,
        Row,
    }

    private static int Whole(MicroKernelKind kind) => MicroKernelAssembler.Rows(kind);

    private static int StepsOfTurn(MicroKernelKind kind)
        => kind == MicroKernelKind.BFloat16Tiles ? TileRegisterAssembler.StepsOfTurn : MicroKernelAssembler.StepsOfTurn;

    private static readonly Gen<(int Steps, int Tiles, StartKind Start, int Surplus, ulong Seed)> Cases
        = Gen.Select(Gen.Frequency((3, Gen.Int[1, 19]), (1, Gen.Int[45, 60])), Gen.Int[1, 3], Gen.Enum<StartKind>(), Gen.Int[0, 5], Gen.ULong);

    public static TheoryData<string, string> Kernels => new(
        from kind in Enum.GetValues<MicroKernelKind>()
        from convention in kind == MicroKernelKind.BFloat16Tiles ? [CallingConvention.SystemV] : Enum.GetValues<CallingConvention>()
        select (kind.ToString(), convention.ToString()));

    /// <summary>Without the one for tile registers, which fetches otherwise.</summary>
    public static TheoryData<string, string> VectorKernels => new(
        from kind in Enum.GetValues<MicroKernelKind>()
        where kind != MicroKernelKind.BFloat16Tiles
        from convention in Enum.GetValues<CallingConvention>()
        select (kind.ToString(), convention.ToString()));

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Every_kernel_multiplies_as_the_reference_does(string kindName, string conventionName)
    {
        var (kind, convention) = (Enum.Parse<MicroKernelKind>(kindName), Enum.Parse<CallingConvention>(conventionName));
        foreach (var rows in Enumerable.Range(1, Whole(kind)).Where(rows => kind != MicroKernelKind.BFloat16Tiles || rows == Whole(kind)))
        {
            var code = new CodeInterpreter(MicroKernelAssembler.Assemble(kind, convention, rows));
            Cases.Sample(
                c => new TileProblem(kind, rows, c.Steps, c.Tiles, c.Start != StartKind.Nothing, c.Start == StartKind.Row, c.Surplus, c.Seed).Check(call =>
                {
                    code[convention == CallingConvention.SystemV ? Register.RDI : Register.RCX] = (long)call;
                    code.Run();
                }),
                iter: rows == Whole(kind) ? 12 : 3, threads: 1);
        }
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void A_line_of_the_next_panel_is_fetched_in_each_turn(string kindName, string conventionName)
    {
        var (kind, convention) = (Enum.Parse<MicroKernelKind>(kindName), Enum.Parse<CallingConvention>(conventionName));
        var code = new CodeInterpreter(MicroKernelAssembler.Assemble(kind, convention, Whole(kind)));
        var problem = new TileProblem(kind, Whole(kind), steps: 19, tiles: 3, starts: false, startIsRow: false, surplus: 0, seed: 1)
        {
            Ahead = (1_000_000, 10_000, 512),
        };
        problem.Check(call =>
        {
            code[convention == CallingConvention.SystemV ? Register.RDI : Register.RCX] = (long)call;
            code.Run();
        });
        var expected = from tile in Enumerable.Range(0, 3)
                       from turn in Enumerable.Range(0, TileProblem.Steps(kind, 19) / StepsOfTurn(kind))
                       from line in Enumerable.Range(0, MicroKernelAssembler.Columns(kind) * sizeof(float) / 64) // of the cache
                       select 1_000_000L + (tile * 512) + (turn * 10_000) + (line * 64);
        Assert.Equal(expected, code.FetchedAhead);
    }

    [Theory]
    [MemberData(nameof(VectorKernels))]
    public void A_row_of_C_is_fetched_in_each_turn_and_no_more_than_a_tile_has(string kindName, string conventionName)
    {
        var (kind, convention) = (Enum.Parse<MicroKernelKind>(kindName), Enum.Parse<CallingConvention>(conventionName));
        foreach (var steps in new[] { 3, 22, 135 })
        {
            var code = new CodeInterpreter(MicroKernelAssembler.Assemble(kind, convention, Whole(kind)));
            long first = 0, stride = 0;
            new TileProblem(kind, Whole(kind), steps, tiles: 2, starts: false, startIsRow: false, surplus: 7, seed: 1).Check(call =>
            {
                (first, stride) = ((long)((TileCall*)call)->C, ((TileCall*)call)->CStride);
                code[convention == CallingConvention.SystemV ? Register.RDI : Register.RCX] = call;
                code.Run();
            });
            var expected = from tile in Enumerable.Range(0, 2)
                           from row in Enumerable.Range(0, Math.Min(steps / MicroKernelAssembler.StepsOfTurn, Whole(kind)))
                           from line in Enumerable.Range(0, MicroKernelAssembler.Columns(kind) * sizeof(float) / 64) // of the cache
                           select first + (((tile * Whole(kind)) + row) * stride) + (line * 64);
            Assert.Equal(expected, code.FetchedC);
        }
    }

    /// <summary>Other threads write what lies around a column of tiles: to fetch that would take it from them.</summary>
    [Fact]
    public void Tile_registers_fetch_no_more_of_C_than_they_write()
    {
        const int MostSteps = 384; // of a slab
        var code = new CodeInterpreter(MicroKernelAssembler.Assemble(MicroKernelKind.BFloat16Tiles, CallingConvention.SystemV, Whole(MicroKernelKind.BFloat16Tiles)));
        var problem = new TileProblem(MicroKernelKind.BFloat16Tiles, Whole(MicroKernelKind.BFloat16Tiles), MostSteps, tiles: 3, starts: false, startIsRow: false, surplus: 7, seed: 1);
        long first = 0, stride = 0;
        problem.Check(call =>
        {
            (first, stride) = ((long)((TileCall*)call)->C, ((TileCall*)call)->CStride);
            code[Register.RDI] = call;
            code.Run();
        });

        int[] tiles = [1, 2, 2]; // during the last there is no next one
        var expected = from tile in tiles
                       from row in Enumerable.Range(0, 32)
                       from line in Enumerable.Range(0, 2) // of the cache
                       select first + (((tile * 32) + row) * stride) + (line * 64);
        Assert.Equal(expected, code.FetchedToWrite);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public void The_caller_finds_its_registers_as_they_were(string kindName, string conventionName)
    {
        var (kind, convention) = (Enum.Parse<MicroKernelKind>(kindName), Enum.Parse<CallingConvention>(conventionName));
        var code = new CodeInterpreter(MicroKernelAssembler.Assemble(kind, convention, Whole(kind)));
        Register[] kept = [Register.RBX, Register.RBP, Register.R12, Register.R13, Register.R14, Register.R15];
        kept = convention == CallingConvention.Windows ? [.. kept, Register.RSI, Register.RDI] : kept;
        var keptVectors = convention == CallingConvention.Windows ? Enumerable.Range(6, 10).ToArray() : [];
        foreach (var register in kept)
        {
            code[register] = 1000 + (long)register;
        }
        foreach (var vector in keptVectors)
        {
            code.Vector(vector)[..16].Fill((byte)vector);
        }
        new TileProblem(kind, Whole(kind), steps: 5, tiles: 2, starts: true, startIsRow: false, surplus: 0, seed: 1).Check(call =>
        {
            code[convention == CallingConvention.SystemV ? Register.RDI : Register.RCX] = (long)call;
            code.Run();
        });
        Assert.All(kept.Where(register => convention == CallingConvention.Windows || register != Register.RDI),
            register => Assert.Equal(1000 + (long)register, code[register]));
        Assert.All(keptVectors, vector => Assert.Equal(Enumerable.Repeat((byte)vector, 16), code.Vector(vector)[..16].ToArray()));
    }

    /// <summary>A processor without AVX-512 knows no other encoding.</summary>
    [Fact]
    public void Kernels_for_256_bit_registers_have_no_instruction_of_AVX_512()
    {
        foreach (var kind in Enum.GetValues<MicroKernelKind>().Where(kind => MicroKernelAssembler.Columns(kind) == 16))
        {
            var code = MicroKernelAssembler.Assemble(kind, CallingConvention.Windows, Whole(kind));
            Assert.All(Decoder.Create(64, new ByteArrayCodeReader(code)), instruction => Assert.NotEqual(EncodingKind.EVEX, instruction.Code.Encoding()));
        }
    }

    [Fact]
    public void The_processor_computes_the_same_with_all_kernels_that_it_can_run()
    {
        var convention = OperatingSystem.IsWindows() ? CallingConvention.Windows : CallingConvention.SystemV;
        foreach (var kind in Enum.GetValues<MicroKernelKind>().Where(MicroKernelSupport.IsSupported))
        {
            if (kind == MicroKernelKind.BFloat16Tiles)
            {
                SignalStack.Enlarge();
            }
            foreach (var rows in new[] { 1, 5, Whole(kind) }.Where(rows => kind != MicroKernelKind.BFloat16Tiles || rows == Whole(kind)))
            {
                var function = (delegate* unmanaged[SuppressGCTransition]<TileCall*, void>)ExecutableMemory.Seal(
                    MicroKernelAssembler.Assemble(kind, convention, rows));
                Assert.True(function != null);
                Cases.Sample(
                    c => new TileProblem(kind, rows, c.Steps, c.Tiles, c.Start != StartKind.Nothing, c.Start == StartKind.Row, c.Surplus, c.Seed)
                        .Check(call => function((TileCall*)call)),
                    iter: 50, threads: 1);
            }
        }
    }
}
