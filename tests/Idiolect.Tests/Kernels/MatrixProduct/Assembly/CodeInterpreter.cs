using System.Runtime.InteropServices;
using Iced.Intel;

namespace Idiolect.Tests.Kernels.Assembly;

/// <summary>
/// Runs the assembled micro-kernels instruction by instruction, as the processor manuals define each, so that they are tested on
/// machines that lack the instructions. Memory is this process's own. Knows only what the kernels use, and fails on the rest.
/// </summary>
internal sealed unsafe class CodeInterpreter
{
    private readonly Dictionary<ulong, Instruction> _instructions = [];
    private readonly byte[][] _vectors = [.. Enumerable.Range(0, 32).Select(_ => new byte[64])];
    private readonly byte[] _code;
    private readonly float[][] _tiles = [.. Enumerable.Range(0, 8).Select(_ => new float[16 * 16])]; // (rows, 4-byte elements)
    private bool _tilesConfigured;
    private readonly long[] _general = new long[16];
    private bool _zero, _negative; // flags; signed comparison needs no overflow at these sizes

    internal CodeInterpreter(byte[] code)
    {
        _code = code;
        var decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        while (decoder.IP < (ulong)code.Length)
        {
            var instruction = decoder.Decode();
            Assert.False(instruction.IsInvalid);
            _instructions[instruction.IP] = instruction;
            if (instruction.Mnemonic == Mnemonic.Ret)
            {
                break; // what follows is data
            }
        }
    }

    /// <summary>The addresses that were to be fetched into the second-level cache, in order.</summary>
    internal List<long> FetchedAhead { get; } = [];

    /// <summary>The addresses that were to be fetched into the first-level cache, in order.</summary>
    internal List<long> FetchedC { get; } = [];

    /// <summary>The addresses that were to be fetched because they will be written, in order.</summary>
    internal List<long> FetchedToWrite { get; } = [];

    /// <summary>The number that a general register holds.</summary>
    internal long this[Register register]
    {
        get => _general[register - Register.RAX];
        set => _general[register - Register.RAX] = value;
    }

    /// <summary>The 64 bytes of a vector register.</summary>
    internal Span<byte> Vector(int index) => _vectors[index];

    /// <summary>Runs to the return; the stack must then be where it was.</summary>
    internal void Run()
    {
        var stack = (byte*)NativeMemory.AlignedAlloc(4096, 64);
        var top = (long)(stack + 4000);
        this[Register.RSP] = top;
        for (var next = 0UL; ;)
        {
            Assert.True(_instructions.TryGetValue(next, out var instruction), $"no instruction begins at {next}");
            if (instruction.Mnemonic == Mnemonic.Ret)
            {
                break;
            }
            next = Execute(instruction) ? instruction.NearBranchTarget : instruction.NextIP;
        }
        Assert.Equal(top, this[Register.RSP]);
        Assert.False(_tilesConfigured);
        NativeMemory.AlignedFree(stack);
    }

    /// <summary>Executes one instruction; true when it is a jump that is taken.</summary>
    private bool Execute(in Instruction i)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Mov:
                SetInteger(i, Integer(i, 1));
                return false;
            case Mnemonic.Lea:
                this[i.Op0Register] = Address(i);
                return false;
            case Mnemonic.Add:
                SetInteger(i, SetFlags(Integer(i, 0) + Integer(i, 1)));
                return false;
            case Mnemonic.Sub:
                SetInteger(i, SetFlags(Integer(i, 0) - Integer(i, 1)));
                return false;
            case Mnemonic.Cmp:
                SetFlags(Integer(i, 0) - Integer(i, 1));
                return false;
            case Mnemonic.Xor:
                SetInteger(i, SetFlags(Integer(i, 0) ^ Integer(i, 1)));
                return false;
            case Mnemonic.Dec:
                SetInteger(i, SetFlags(Integer(i, 0) - 1));
                return false;
            case Mnemonic.Shl:
                SetInteger(i, SetFlags(Integer(i, 0) << (int)Integer(i, 1)));
                return false;
            case Mnemonic.Shr:
                SetInteger(i, SetFlags(Integer(i, 0) >>> (int)Integer(i, 1)));
                return false;
            case Mnemonic.Test:
                SetFlags(Integer(i, 0) & Integer(i, 1));
                return false;
            case Mnemonic.Push:
                this[Register.RSP] -= 8;
                *(long*)this[Register.RSP] = this[i.Op0Register];
                return false;
            case Mnemonic.Pop:
                this[i.Op0Register] = *(long*)this[Register.RSP];
                this[Register.RSP] += 8;
                return false;
            case Mnemonic.Jl:
                return _negative;
            case Mnemonic.Jg:
                return !_negative && !_zero;
            case Mnemonic.Jge:
                return !_negative;
            case Mnemonic.Jmp:
                return true;
            case Mnemonic.Je:
                return _zero;
            case Mnemonic.Jne:
                return !_zero;
            case Mnemonic.Prefetcht0:
                FetchedC.Add(Address(i));
                return false;
            case Mnemonic.Prefetchw:
                FetchedToWrite.Add(Address(i));
                return false;
            case Mnemonic.Prefetcht1:
                FetchedAhead.Add(Address(i));
                return false;
            case Mnemonic.Vzeroupper:
                for (var register = 0; register < 16; register++)
                {
                    Vector(register)[16..].Clear();
                }
                return false;
            case Mnemonic.Vmovups:
                Move(i);
                return false;
            case Mnemonic.Vbroadcastss:
                for (var lane = 0; lane < Lanes(i); lane++)
                {
                    Floats(i.Op0Register)[lane] = *(float*)Address(i);
                }
                return false;
            case Mnemonic.Vxorps or Mnemonic.Vpxord:
                Assert.Equal(i.Op1Register, i.Op2Register); // used only to clear
                Floats(i.Op0Register).Clear();
                return false;
            case Mnemonic.Vaddps:
                for (var lane = 0; lane < Lanes(i); lane++)
                {
                    Floats(i.Op0Register)[lane] = Floats(i.Op1Register)[lane] + ((float*)Address(i))[lane];
                }
                return false;
            case Mnemonic.Vpaddd:
                for (var lane = 0; lane < Lanes(i); lane++)
                {
                    Integers(i.Op0Register)[lane] = Integers(i.Op1Register)[lane] + (i.Op2Kind == OpKind.Memory ? ((int*)Address(i))[lane] : Integers(i.Op2Register)[lane]);
                }
                return false;
            case Mnemonic.Vmulps:
                for (var lane = 0; lane < Lanes(i); lane++)
                {
                    Floats(i.Op0Register)[lane] = Floats(i.Op1Register)[lane] * Floats(i.Op2Register)[lane];
                }
                return false;
            case Mnemonic.Vcvtdq2ps:
                for (var lane = 0; lane < Lanes(i); lane++)
                {
                    Floats(i.Op0Register)[lane] = Integers(i.Op1Register)[lane];
                }
                return false;
            case Mnemonic.Vpmaddwd:
                for (var lane = 0; lane < Lanes(i); lane++)
                {
                    Integers(i.Op0Register)[lane] = PairProduct(Integers(i.Op1Register)[lane], Integers(i.Op2Register)[lane]);
                }
                return false;
            case Mnemonic.Vpdpwssd:
                for (var lane = 0; lane < Lanes(i); lane++)
                {
                    Integers(i.Op0Register)[lane] += PairProduct(Integers(i.Op1Register)[lane], i.IsBroadcast ? *(int*)Address(i) : Integers(i.Op2Register)[lane]);
                }
                return false;
            case Mnemonic.Vfmadd231ps:
                for (var lane = 0; lane < Lanes(i); lane++)
                {
                    ref var sum = ref Floats(i.Op0Register)[lane];
                    sum = MathF.FusedMultiplyAdd(Floats(i.Op1Register)[lane], i.IsBroadcast ? *(float*)Address(i) : Floats(i.Op2Register)[lane], sum);
                }
                return false;
            case Mnemonic.Vdpbf16ps:
                for (var lane = 0; lane < Lanes(i); lane++)
                {
                    ref var sum = ref Floats(i.Op0Register)[lane];
                    var (a, b) = ((uint)Integers(i.Op1Register)[lane], (uint)Integers(i.Op2Register)[lane]);
                    sum = MathF.FusedMultiplyAdd(HighHalf(a), HighHalf(b), sum);
                    sum = MathF.FusedMultiplyAdd(HighHalf(a << 16), HighHalf(b << 16), sum);
                }
                return false;
            case Mnemonic.Vpdpbusd:
                for (var at = 0; at < 4 * Lanes(i); at++)
                {
                    Integers(i.Op0Register)[at / 4] += Vector(Index(i.Op1Register))[at] * (sbyte)Vector(Index(i.Op2Register))[at];
                }
                return false;
            case Mnemonic.Ldtilecfg:
                ConfigureTiles(_code.AsSpan((int)i.IPRelativeMemoryAddress, 64));
                return false;
            case Mnemonic.Tilerelease:
                _tilesConfigured = false;
                return false;
            case Mnemonic.Tilezero:
                Array.Clear(Tile(i.Op0Register));
                return false;
            case Mnemonic.Tileloadd:
                for (var row = 0; row < 16; row++)
                {
                    new ReadOnlySpan<float>((void*)TileRow(i, row), 16).CopyTo(Tile(i.Op0Register).AsSpan(16 * row));
                }
                return false;
            case Mnemonic.Tilestored:
                for (var row = 0; row < 16; row++)
                {
                    Tile(i.Op1Register).AsSpan(16 * row, 16).CopyTo(new Span<float>((void*)TileRow(i, row), 16));
                }
                return false;
            case Mnemonic.Tdpbf16ps:
                MultiplyTiles(Tile(i.Op0Register), Tile(i.Op1Register), Tile(i.Op2Register));
                return false;
            default:
                throw new NotSupportedException($"The kernels are not expected to use {i}.");
        }
    }

    /// <summary>Palette 1: each of 8 registers has bytes a row, and rows. The kernels use all of each.</summary>
    private void ConfigureTiles(ReadOnlySpan<byte> configuration)
    {
        Assert.Equal(1, configuration[0]);
        Assert.Equal(-1, configuration[1..16].IndexOfAnyExcept((byte)0)); // reserved, or where to go on after a fault
        Assert.Equal(-1, configuration[32..48].IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, configuration[56..].IndexOfAnyExcept((byte)0));
        for (var register = 0; register < 8; register++)
        {
            Assert.Equal(64, MemoryMarshal.Read<ushort>(configuration[(16 + (2 * register))..]));
            Assert.Equal(16, configuration[48 + register]);
            Array.Clear(_tiles[register]);
        }
        _tilesConfigured = true;
    }

    private float[] Tile(Register register)
    {
        Assert.True(_tilesConfigured);
        return _tiles[register - Register.TMM0];
    }

    /// <summary>Rows lie as far apart as the index says, which the address of the first does not include.</summary>
    private long TileRow(in Instruction i, int row)
        => this[i.MemoryBase] + (long)i.MemoryDisplacement64 + (row * this[i.MemoryIndex] * i.MemoryIndexScale);

    /// <summary>Even and odd inner indices are summed apart, then both together added to the sum.</summary>
    private static void MultiplyTiles(float[] sums, float[] a, float[] b)
    {
        for (var row = 0; row < 16; row++)
        {
            for (var column = 0; column < 16; column++)
            {
                var (even, odd) = (0f, 0f);
                for (var step = 0; step < 16; step++)
                {
                    var (left, right) = (BitConverter.SingleToUInt32Bits(a[(16 * row) + step]), BitConverter.SingleToUInt32Bits(b[(16 * step) + column]));
                    even = MathF.FusedMultiplyAdd(HighHalf(left << 16), HighHalf(right << 16), even);
                    odd = MathF.FusedMultiplyAdd(HighHalf(left), HighHalf(right), odd);
                }
                sums[(16 * row) + column] += even + odd;
            }
        }
    }

    /// <summary>The products of the low and of the high halves, added: signed 16-bit integers.</summary>
    private static int PairProduct(int a, int b) => ((short)a * (short)b) + ((a >> 16) * (b >> 16));

    private static float HighHalf(uint bits) => BitConverter.UInt32BitsToSingle(bits & 0xFFFF0000u);

    private void Move(in Instruction i)
    {
        var bytes = Bytes(i.Op0Kind == OpKind.Memory ? i.Op1Register : i.Op0Register);
        if (i.Op0Kind == OpKind.Memory)
        {
            Vector(Index(i.Op1Register))[..bytes].CopyTo(new Span<byte>((void*)Address(i), bytes));
        }
        else
        {
            Vector(Index(i.Op0Register)).Clear(); // a narrower load clears what lies above
            new ReadOnlySpan<byte>((void*)Address(i), bytes).CopyTo(Vector(Index(i.Op0Register)));
        }
    }

    private static int Bytes(Register register) => register.GetSize();

    private static int Lanes(in Instruction i) => Bytes(i.Op0Register) / 4;

    private static int Index(Register register)
        => register.IsZMM() ? register - Register.ZMM0 : register.IsYMM() ? register - Register.YMM0 : register - Register.XMM0;

    private Span<float> Floats(Register register) => MemoryMarshal.Cast<byte, float>(Vector(Index(register)));

    private Span<int> Integers(Register register) => MemoryMarshal.Cast<byte, int>(Vector(Index(register)));

    private long Integer(in Instruction i, int operand) => i.GetOpKind(operand) switch
    {
        OpKind.Register => this[i.GetOpRegister(operand)],
        OpKind.Memory => *(long*)Address(i),
        _ => (long)i.GetImmediate(operand),
    };

    private void SetInteger(in Instruction i, long value)
    {
        if (i.Op0Kind == OpKind.Memory)
        {
            *(long*)Address(i) = value;
        }
        else
        {
            this[i.Op0Register] = value;
        }
    }

    private long SetFlags(long result)
    {
        (_zero, _negative) = (result == 0, result < 0);
        return result;
    }

    private long Address(in Instruction i)
        => this[i.MemoryBase] + (i.MemoryIndex == Register.None ? 0 : this[i.MemoryIndex] * i.MemoryIndexScale) + (long)i.MemoryDisplacement64;
}
