using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Idiolect.Kernels.Assembly;

/// <summary>What a micro-kernel multiplies. A step is as many inner indices as fill 4 bytes.</summary>
internal enum MicroKernelKind
{
    /// <summary>fp32 on 256-bit registers (AVX2 and FMA): 6 x 16 tiles.</summary>
    Float32Avx2,

    /// <summary>fp32 on 512-bit registers (AVX-512F): 12 x 32 tiles.</summary>
    Float32Avx512,

    /// <summary>The same, but most multiply-adds read their element of A from memory themselves: fewer instructions, more loads.</summary>
    Float32Avx512MemoryOperands,

    /// <summary>Pairs of bf16, summed in fp32 (AVX512-BF16): 12 x 32 tiles.</summary>
    BFloat16,

    /// <summary>The same by tile registers (AMX-BF16): 32 x 32 tiles.</summary>
    BFloat16Tiles,

    /// <summary>
    /// Pairs of int16, summed in int32 and then multiplied by a scale of their row and one of their column, on 256-bit registers (AVX2): 6 x 16
    /// tiles. The scales follow the last step of a panel.
    /// </summary>
    ScaledInt16Avx2,

    /// <summary>The same in one instruction, not two (AVX-VNNI).</summary>
    ScaledInt16AvxVnni,

    /// <summary>The same on 512-bit registers (AVX512-VNNI): 12 x 32 tiles.</summary>
    ScaledInt16Avx512,

    /// <summary>Fours of unsigned (A) times signed (B) bytes, summed in int32 (AVX512-VNNI): 12 x 32 tiles.</summary>
    Int8,
}

/// <summary>How a function is called: where its one argument is, and which registers it must leave as they were.</summary>
internal enum CallingConvention
{
    /// <summary>The System V AMD64 ABI: Linux and macOS.</summary>
    SystemV,

    /// <summary>The Microsoft x64 ABI, which also keeps rsi, rdi and xmm6 to xmm15.</summary>
    Windows,
}

/// <summary>
/// Writes the micro-kernels in machine code: a C tile of rows x 2 registers = start + A panel · B panel, for a column of tiles.
/// One generator serves all element types, because they differ in a few instructions; <see cref="TileRegisterAssembler"/> is another. What it gains over the C#
/// kernels: bf16 and int8 instructions, which .NET 10 does not offer; and a loop over inner indices that is unrolled, so that
/// four pointer and counter updates are not spent on every twelve multiplications.
/// </summary>
internal sealed class MicroKernelAssembler
{
    /// <summary>Steps in a turn of the inner loop, in each of which as much is fetched ahead as a panel of B is wide.</summary>
    internal const int StepsOfTurn = 8;

    private readonly Assembler _code = new(64);
    private readonly MicroKernelKind _kind;
    private readonly CallingConvention _convention;
    private readonly int _rows; // that are computed
    private readonly int _panelRows; // that a panel of A has
    private readonly int _registerBytes;

    private static readonly AssemblerRegister64 Arguments = r10, Steps = rcx, A = rax, B = rdx, C = r8, Start = r9, Stride = r11, Ahead = rsi, AheadStride = rdi, RowsAhead = rbx;

    private MicroKernelAssembler(MicroKernelKind kind, CallingConvention convention, int rows)
    {
        (_kind, _convention, _rows) = (kind, convention, rows);
        (_panelRows, _registerBytes) = (Rows(kind), IsNarrow(kind) ? 32 : 64);
    }

    /// <summary>Rows of a tile, and of a panel of A.</summary>
    internal static int Rows(MicroKernelKind kind) => kind switch
    {
        MicroKernelKind.BFloat16Tiles => TileRegisterAssembler.TileSize,
        _ => IsNarrow(kind) ? 6 : 12,
    };

    /// <summary>Columns of a tile: two registers of 4-byte elements.</summary>
    internal static int Columns(MicroKernelKind kind) => IsNarrow(kind) ? 16 : 32;

    /// <summary>Whether the registers have 256 bits, and there are 16 of them.</summary>
    private static bool IsNarrow(MicroKernelKind kind) => kind is MicroKernelKind.Float32Avx2 or MicroKernelKind.ScaledInt16Avx2 or MicroKernelKind.ScaledInt16AvxVnni;

    /// <summary>Whether panels end with scales: a float for each row of A's, and each column of B's.</summary>
    internal static bool IsScaledInt16(MicroKernelKind kind)
        => kind is MicroKernelKind.ScaledInt16Avx2 or MicroKernelKind.ScaledInt16AvxVnni or MicroKernelKind.ScaledInt16Avx512;

    /// <summary>
    /// The code of a function of one argument, a pointer to a <see cref="TileCall"/>; it can run at any address. Of its tiles only the first
    /// <paramref name="rows"/> rows are computed: all, or, at the lower end of a matrix, what is left (not by tile registers).
    /// </summary>
    internal static byte[] Assemble(MicroKernelKind kind, CallingConvention convention, int rows)
    {
        if (kind == MicroKernelKind.BFloat16Tiles)
        {
            return TileRegisterAssembler.Assemble();
        }
        var assembler = new MicroKernelAssembler(kind, convention, rows);
        assembler.Write();
        using var bytes = new MemoryStream();
        assembler._code.Assemble(new StreamCodeWriter(bytes), rip: 0);
        return bytes.ToArray();
    }

    // The registers: one accumulator for each row and half, row by row; then two registers of B, one for an element of A and one for products.
    private static AssemblerRegisterYMM Narrow(int index) => new(Register.YMM0 + index);

    private static AssemblerRegisterZMM Wide(int index) => new(Register.ZMM0 + index);

    private static int Accumulator(int row, int half) => (2 * row) + half;

    private int BRegister(int half) => (2 * _rows) + half;

    private int ARegister => (2 * _rows) + 2;

    private int ProductRegister => (2 * _rows) + 3;

    private void Write()
    {
        var (nextTile, withC, withoutC, remainder, remainderLoop, finish, noStart) = (
            _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel(), _code.CreateLabel());
        Enter();
        _code.mov(AheadStride, __qword_ptr[Arguments + Offset(nameof(TileCall.AheadStride))]);
        _code.Label(ref nextTile);
        _code.mov(Ahead, __qword_ptr[Arguments + Offset(nameof(TileCall.Ahead))]);
        _code.mov(A, __qword_ptr[Arguments + Offset(nameof(TileCall.A))]);
        _code.mov(B, __qword_ptr[Arguments + Offset(nameof(TileCall.B))]);
        _code.mov(C, __qword_ptr[Arguments + Offset(nameof(TileCall.C))]);
        _code.mov(Stride, __qword_ptr[Arguments + Offset(nameof(TileCall.CStride))]);
        _code.mov(Steps, __qword_ptr[Arguments + Offset(nameof(TileCall.Steps))]);
        for (var register = 0; register < 2 * _rows; register++)
        {
            Zero(register);
        }

        // C is needed only when the tile has been computed; its rows lie far apart, where no hardware prefetcher looks.
        _code.mov(RowsAhead, _rows);
        _code.sub(Steps, StepsOfTurn);
        _code.jl(remainder);
        _code.Label(ref withC);
        Turn(fetchesC: true);
        _code.jl(remainder);
        _code.dec(RowsAhead);
        _code.jnz(withC);
        _code.Label(ref withoutC);
        Turn(fetchesC: false);
        _code.jge(withoutC);

        _code.Label(ref remainder);
        _code.add(Steps, StepsOfTurn);
        _code.jz(finish);
        _code.Label(ref remainderLoop);
        Step(0);
        _code.add(A, _panelRows * 4);
        _code.add(B, 2 * _registerBytes);
        _code.dec(Steps);
        _code.jnz(remainderLoop);

        _code.Label(ref finish);
        if (IsScaledInt16(_kind))
        {
            Scale();
        }
        _code.mov(Start, __qword_ptr[Arguments + Offset(nameof(TileCall.Start))]);
        _code.mov(Stride, __qword_ptr[Arguments + Offset(nameof(TileCall.StartStride))]);
        _code.test(Start, Start);
        _code.jz(noStart);
        for (var row = 0; row < _rows; row++)
        {
            // That comes last, so that the sum of a slab is not swallowed digit by digit by a large C.
            Add(Accumulator(row, 0), Start, 0);
            Add(Accumulator(row, 1), Start, _registerBytes);
            _code.add(Start, Stride);
        }
        _code.mov(__qword_ptr[Arguments + Offset(nameof(TileCall.Start))], Start);
        _code.Label(ref noStart);
        _code.mov(C, __qword_ptr[Arguments + Offset(nameof(TileCall.C))]);
        _code.mov(Stride, __qword_ptr[Arguments + Offset(nameof(TileCall.CStride))]);
        for (var row = 0; row < _rows; row++)
        {
            Store(Accumulator(row, 0), C, 0);
            Store(Accumulator(row, 1), C, _registerBytes);
            _code.add(C, Stride);
        }
        _code.mov(__qword_ptr[Arguments + Offset(nameof(TileCall.C))], C);
        _code.mov(Stride, __qword_ptr[Arguments + Offset(nameof(TileCall.TileBytes))]);
        _code.add(__qword_ptr[Arguments + Offset(nameof(TileCall.A))], Stride);
        _code.mov(Stride, __qword_ptr[Arguments + Offset(nameof(TileCall.AheadTileStride))]);
        _code.add(__qword_ptr[Arguments + Offset(nameof(TileCall.Ahead))], Stride);
        _code.dec(__qword_ptr[Arguments + Offset(nameof(TileCall.Tiles))]);
        _code.jnz(nextTile);
        Leave();
    }

    /// <summary>
    /// Some steps, between which a row of C's tile and a few lines of what comes next are asked for: a burst of them would keep the loads of A
    /// and B waiting. Ends with the flags of the steps that are left.
    /// </summary>
    private void Turn(bool fetchesC)
    {
        var lines = 2 * _registerBytes / 64; // of a row of a tile
        for (var step = 0; step < StepsOfTurn; step++)
        {
            Step(step);
            if (step < lines)
            {
                _code.prefetcht1(__byte_ptr[Ahead + (64 * step)]);
            }
            else if (fetchesC && step < 2 * lines)
            {
                _code.prefetcht0(__byte_ptr[C + (64 * (step - lines))]);
            }
        }
        _code.add(Ahead, AheadStride);
        if (fetchesC)
        {
            _code.add(C, Stride);
        }
        _code.add(A, StepsOfTurn * _panelRows * 4);
        _code.add(B, StepsOfTurn * 2 * _registerBytes);
        _code.sub(Steps, StepsOfTurn);
    }

    /// <summary>One step: two registers of B, and for each row one element of A against both.</summary>
    private void Step(int step)
    {
        for (var half = 0; half < 2; half++)
        {
            LoadB(BRegister(half), ((2 * step) + half) * _registerBytes);
        }
        for (var row = 0; row < _rows; row++)
        {
            var element = ((step * _panelRows) + row) * 4;
            if (ReadsAWhileMultiplying && row % 6 != 0)
            {
                MultiplyAddFromA(Accumulator(row, 0), BRegister(0), element);
                MultiplyAddFromA(Accumulator(row, 1), BRegister(1), element);
                continue;
            }
            BroadcastA(ARegister, element);
            MultiplyAdd(Accumulator(row, 0), ARegister, BRegister(0));
            MultiplyAdd(Accumulator(row, 1), ARegister, BRegister(1));
        }
    }

    /// <summary>Makes floats of the sums, once both panels have been read to their scales: a float for each row and for each column.</summary>
    private void Scale()
    {
        for (var half = 0; half < 2; half++)
        {
            LoadB(BRegister(half), half * _registerBytes);
        }
        for (var row = 0; row < _rows; row++)
        {
            BroadcastA(ARegister, row * 4);
            for (var half = 0; half < 2; half++)
            {
                var sum = Accumulator(row, half);
                if (IsNarrow(_kind))
                {
                    _code.vcvtdq2ps(Narrow(sum), Narrow(sum));
                    _code.vmulps(Narrow(sum), Narrow(sum), Narrow(ARegister));
                    _code.vmulps(Narrow(sum), Narrow(sum), Narrow(BRegister(half)));
                }
                else
                {
                    _code.vcvtdq2ps(Wide(sum), Wide(sum));
                    _code.vmulps(Wide(sum), Wide(sum), Wide(ARegister));
                    _code.vmulps(Wide(sum), Wide(sum), Wide(BRegister(half)));
                }
            }
        }
    }

    private void Zero(int register)
    {
        if (IsNarrow(_kind))
        {
            _code.vxorps(Narrow(register), Narrow(register), Narrow(register));
        }
        else
        {
            _code.vpxord(Wide(register), Wide(register), Wide(register));
        }
    }

    private void LoadB(int register, int offset)
    {
        if (IsNarrow(_kind))
        {
            _code.vmovups(Narrow(register), __ymmword_ptr[B + offset]);
        }
        else
        {
            _code.vmovups(Wide(register), __zmmword_ptr[B + offset]);
        }
    }

    private void BroadcastA(int register, int offset)
    {
        if (IsNarrow(_kind))
        {
            _code.vbroadcastss(Narrow(register), __dword_ptr[A + offset]);
        }
        else
        {
            _code.vbroadcastss(Wide(register), __dword_ptr[A + offset]);
        }
    }

    private void MultiplyAdd(int sum, int a, int b)
    {
        switch (_kind)
        {
            case MicroKernelKind.Float32Avx2:
                _code.vfmadd231ps(Narrow(sum), Narrow(a), Narrow(b));
                break;
            case MicroKernelKind.Float32Avx512:
            case MicroKernelKind.Float32Avx512MemoryOperands:
                _code.vfmadd231ps(Wide(sum), Wide(a), Wide(b));
                break;
            case MicroKernelKind.BFloat16:
                _code.vdpbf16ps(Wide(sum), Wide(a), Wide(b));
                break;
            case MicroKernelKind.ScaledInt16Avx2:
                _code.vpmaddwd(Narrow(ProductRegister), Narrow(a), Narrow(b));
                _code.vpaddd(Narrow(sum), Narrow(sum), Narrow(ProductRegister));
                break;
            case MicroKernelKind.ScaledInt16AvxVnni:
                _code.vex.vpdpwssd(Narrow(sum), Narrow(a), Narrow(b)); // EVEX's is AVX-512's
                break;
            case MicroKernelKind.ScaledInt16Avx512:
                _code.vpdpwssd(Wide(sum), Wide(a), Wide(b));
                break;
            default:
                _code.vpdpbusd(Wide(sum), Wide(a), Wide(b)); // the first factor is unsigned
                break;
        }
    }

    /// <summary>Whether most multiply-adds read their element of A from memory themselves: fewer instructions, more loads.</summary>
    private bool ReadsAWhileMultiplying => _kind is MicroKernelKind.Float32Avx512MemoryOperands or MicroKernelKind.ScaledInt16Avx512;

    private void MultiplyAddFromA(int sum, int b, int offset)
    {
        if (_kind == MicroKernelKind.ScaledInt16Avx512)
        {
            _code.vpdpwssd(Wide(sum), Wide(b), __dword_bcst[A + offset]);
        }
        else
        {
            _code.vfmadd231ps(Wide(sum), Wide(b), __dword_bcst[A + offset]);
        }
    }

    private void Add(int register, AssemblerRegister64 pointer, int offset)
    {
        if (IsNarrow(_kind))
        {
            _code.vaddps(Narrow(register), Narrow(register), __ymmword_ptr[pointer + offset]);
        }
        else if (_kind == MicroKernelKind.Int8)
        {
            _code.vpaddd(Wide(register), Wide(register), __zmmword_ptr[pointer + offset]);
        }
        else
        {
            _code.vaddps(Wide(register), Wide(register), __zmmword_ptr[pointer + offset]);
        }
    }

    private void Store(int register, AssemblerRegister64 pointer, int offset)
    {
        if (IsNarrow(_kind))
        {
            _code.vmovups(__ymmword_ptr[pointer + offset], Narrow(register));
        }
        else
        {
            _code.vmovups(__zmmword_ptr[pointer + offset], Wide(register));
        }
    }

    /// <summary>Takes the argument and saves what the caller may expect to find again; nothing else of its registers is used.</summary>
    private void Enter()
    {
        _code.push(rbx);
        if (_convention == CallingConvention.SystemV)
        {
            _code.mov(Arguments, rdi);
            return;
        }
        _code.push(rsi);
        _code.push(rdi);
        _code.mov(Arguments, rcx);
        _code.sub(rsp, SavedBytes);
        for (var i = 0; i < SavedRegisters; i++)
        {
            _code.vmovups(__xmmword_ptr[rsp + (16 * i)], new AssemblerRegisterXMM(Register.XMM6 + i));
        }
    }

    private void Leave()
    {
        _code.vzeroupper();
        if (_convention == CallingConvention.Windows)
        {
            for (var i = 0; i < SavedRegisters; i++)
            {
                _code.vmovups(new AssemblerRegisterXMM(Register.XMM6 + i), __xmmword_ptr[rsp + (16 * i)]);
            }
            _code.add(rsp, SavedBytes);
            _code.pop(rdi);
            _code.pop(rsi);
        }
        _code.pop(rbx);
        _code.ret();
    }

    private const int SavedRegisters = 10; // xmm6 to xmm15; the upper parts and the registers above 15 belong to nobody
    private const int SavedBytes = 16 * SavedRegisters;

    private static int Offset(string field) => (int)System.Runtime.InteropServices.Marshal.OffsetOf<TileCall>(field);
}
