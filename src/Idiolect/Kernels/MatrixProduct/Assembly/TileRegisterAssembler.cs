using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Idiolect.Kernels.Assembly;

/// <summary>
/// Writes the micro-kernel for Intel's tile registers (AMX-TILE, AMX-BF16): 8 registers of 16 rows x 64 bytes, and an instruction that
/// multiplies 16 x 32 by 32 x 16 bf16 in 16 cycles. A C tile is 2 x 2 registers; so are those of A and B together, each used twice.
/// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, TDPBF16PS.
/// </summary>
/// <remarks>
/// What it reads differs from the other kernels' in two things: A holds, for every 16 steps, 32 rows of them; and Steps is a multiple of 16.
/// The sum starts from C instead of ending with it: products are added up in groups of 32 before they meet the sum. Denormal numbers count as zero.
/// </remarks>
internal static class TileRegisterAssembler
{
    /// <summary>Rows and columns of a C tile.</summary>
    internal const int TileSize = 32;

    /// <summary>Steps (of two inner indices) that one instruction multiplies.</summary>
    internal const int BlockSteps = 16;

    /// <summary>Steps in which as much is fetched ahead as a panel of B is wide.</summary>
    internal const int StepsOfTurn = BlockSteps / TurnsOfBlock;

    private const int TurnsOfBlock = 4;

    private const int RegisterRows = 16, RegisterBytes = 1024, LineBytes = 64;
    private const int BlockBytes = TileSize * LineBytes; // of A, and of B
    private const int FetchedRows = 2; // of the next C tile in each of the last 16 blocks, so all 32

    private static readonly AssemblerRegister64 Arguments = r10, Blocks = rcx, A = rax, B = rdx, Ahead = rsi, AheadStride = rdi, NextC = r8,
        Line = r9, CStride = r11;

    // The same registers before a tile's first block and after its last: where the halves of C lie.
    private static readonly AssemblerRegister64 Half = rcx, Matrix = rax, Stride = rdx;

    private static readonly AssemblerRegisterTMM[] Sums = [tmm0, tmm1, tmm2, tmm3];

    /// <summary>The code of a function of one argument, a pointer to a <see cref="TileCall"/>, for the System V ABI.</summary>
    internal static byte[] Assemble()
    {
        var code = new Assembler(64);
        Write(code);
        using var bytes = new MemoryStream();
        code.Assemble(new StreamCodeWriter(bytes), rip: 0);
        return bytes.ToArray();
    }

    private static void Write(Assembler code)
    {
        var (shape, nextTile, noStart, started, notLast, block, fetched) = (
            code.CreateLabel(), code.CreateLabel(), code.CreateLabel(), code.CreateLabel(), code.CreateLabel(), code.CreateLabel(), code.CreateLabel());
        code.mov(Arguments, rdi);
        code.ldtilecfg(__[shape]);
        code.mov(AheadStride, Field(nameof(TileCall.AheadStride)));
        code.mov(CStride, Field(nameof(TileCall.CStride)));

        code.Label(ref nextTile);
        code.mov(Matrix, Field(nameof(TileCall.Start)));
        code.test(Matrix, Matrix);
        code.jz(noStart);
        code.mov(Stride, Field(nameof(TileCall.StartStride)));
        FindHalf(code);
        code.tileloadd(Sums[0], __[Matrix + (Stride * 1)]);
        code.tileloadd(Sums[1], __[Matrix + (Stride * 1) + LineBytes]);
        code.add(Matrix, Half);
        code.tileloadd(Sums[2], __[Matrix + (Stride * 1)]);
        code.tileloadd(Sums[3], __[Matrix + (Stride * 1) + LineBytes]);
        code.add(Matrix, Half);
        code.mov(Field(nameof(TileCall.Start)), Matrix);
        code.jmp(started);
        code.Label(ref noStart);
        foreach (var sum in Sums)
        {
            code.tilezero(sum);
        }
        code.Label(ref started);

        // The next tile of C, whose rows lie far apart, where no hardware prefetcher looks. What follows the last may be another thread's.
        code.mov(NextC, CStride);
        code.shl(NextC, 5); // TileSize rows
        code.cmp(Field(nameof(TileCall.Tiles)), 1);
        code.jne(notLast);
        code.xor(NextC, NextC);
        code.Label(ref notLast);
        code.add(NextC, Field(nameof(TileCall.C)));
        code.mov(A, Field(nameof(TileCall.A)));
        code.mov(B, Field(nameof(TileCall.B)));
        code.mov(Ahead, Field(nameof(TileCall.Ahead)));
        code.mov(Line, LineBytes);
        code.mov(Blocks, Field(nameof(TileCall.Steps)));
        code.shr(Blocks, 4); // BlockSteps
        code.Label(ref block);
        code.tileloadd(tmm6, __[B + (Line * 2)]); // (16 steps, 16 columns of 32, 2)
        code.tileloadd(tmm4, __[A + (Line * 1)]); // (16 rows, 16 steps, 2)
        code.tileloadd(tmm7, __[B + (Line * 2) + LineBytes]);
        code.tdpbf16ps(Sums[0], tmm4, tmm6);
        FetchAhead(code, turns: TurnsOfBlock / 2);
        code.tileloadd(tmm5, __[A + (Line * 1) + RegisterBytes]);
        code.tdpbf16ps(Sums[1], tmm4, tmm7);
        FetchAhead(code, turns: TurnsOfBlock / 2);
        code.tdpbf16ps(Sums[2], tmm5, tmm6);
        code.tdpbf16ps(Sums[3], tmm5, tmm7);
        code.cmp(Blocks, TileSize / FetchedRows);
        code.jg(fetched);
        for (var row = 0; row < FetchedRows; row++)
        {
            code.prefetchw(__byte_ptr[NextC]);
            code.prefetchw(__byte_ptr[NextC + LineBytes]);
            code.add(NextC, CStride);
        }
        code.Label(ref fetched);
        code.add(A, BlockBytes);
        code.add(B, BlockBytes);
        code.dec(Blocks);
        code.jnz(block);

        code.mov(Matrix, Field(nameof(TileCall.C)));
        code.mov(Stride, CStride);
        FindHalf(code);
        code.tilestored(__[Matrix + (Stride * 1)], Sums[0]);
        code.tilestored(__[Matrix + (Stride * 1) + LineBytes], Sums[1]);
        code.add(Matrix, Half);
        code.tilestored(__[Matrix + (Stride * 1)], Sums[2]);
        code.tilestored(__[Matrix + (Stride * 1) + LineBytes], Sums[3]);
        code.add(Matrix, Half);
        code.mov(Field(nameof(TileCall.C)), Matrix);
        code.mov(Stride, Field(nameof(TileCall.TileBytes)));
        code.add(Field(nameof(TileCall.A)), Stride);
        code.mov(Stride, Field(nameof(TileCall.AheadTileStride)));
        code.add(Field(nameof(TileCall.Ahead)), Stride);
        code.dec(Field(nameof(TileCall.Tiles)));
        code.jnz(nextTile);
        code.tilerelease(); // else the system would save 8 KiB at each switch of threads
        code.ret();

        // Palette 1: bytes of a row from byte 16 on, 2 for each register, rows from byte 48 on.
        var configuration = new byte[64];
        configuration[0] = 1;
        for (var register = 0; register < 8; register++)
        {
            (configuration[16 + (2 * register)], configuration[48 + register]) = (LineBytes, RegisterRows);
        }
        code.Label(ref shape);
        code.db(configuration);
    }

    /// <summary>The bytes from the upper half of a tile to the lower.</summary>
    private static void FindHalf(Assembler code)
    {
        code.mov(Half, Stride);
        code.shl(Half, 4); // RegisterRows
    }

    private static void FetchAhead(Assembler code, int turns)
    {
        for (var turn = 0; turn < turns; turn++)
        {
            code.prefetcht1(__byte_ptr[Ahead]);
            code.prefetcht1(__byte_ptr[Ahead + LineBytes]);
            code.add(Ahead, AheadStride);
        }
    }

    private static AssemblerMemoryOperand Field(string name)
        => __qword_ptr[Arguments + (int)System.Runtime.InteropServices.Marshal.OffsetOf<TileCall>(name)];
}
