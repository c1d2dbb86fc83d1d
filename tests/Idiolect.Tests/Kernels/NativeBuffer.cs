using System.Runtime.InteropServices;

namespace Idiolect.Tests.Kernels;

/// <summary>64-byte-aligned values of a test with guard bytes on both sides, checked when it is disposed.</summary>
internal sealed unsafe class NativeBuffer<T> : IDisposable
    where T : unmanaged
{
    private const int GuardBytes = 256;
    private const byte GuardValue = 0xA5;

    private readonly byte* _memory;
    private readonly int _bytes;

    internal NativeBuffer(int length)
    {
        Length = length;
        _bytes = length * sizeof(T);
        _memory = (byte*)NativeMemory.AlignedAlloc((nuint)(_bytes + (2 * GuardBytes)), 64);
        new Span<byte>(_memory, _bytes + (2 * GuardBytes)).Fill(GuardValue);
        Span.Clear();
    }

    internal NativeBuffer(ReadOnlySpan<T> values)
        : this(values.Length)
        => values.CopyTo(Span);

    internal int Length { get; }

    internal T* Pointer => (T*)(_memory + GuardBytes);

    internal Span<T> Span => new(Pointer, Length);

    public static implicit operator T*(NativeBuffer<T> buffer) => buffer.Pointer;

    internal T[] ToArray() => Span.ToArray();

    public void Dispose()
    {
        var intact = !new ReadOnlySpan<byte>(_memory, GuardBytes).ContainsAnyExcept(GuardValue)
            && !new ReadOnlySpan<byte>(_memory + GuardBytes + _bytes, GuardBytes).ContainsAnyExcept(GuardValue);
        NativeMemory.AlignedFree(_memory);
        Assert.True(intact, "The kernel wrote outside its buffer.");
    }
}
