using System.Buffers;
using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Zeros in native memory, aligned as kernels want them, that whoever holds no pointer reads and writes as <see cref="Memory{T}"/>.</summary>
internal sealed unsafe class NativeFloats : IDisposable
{
    private float* _data;

    /// <summary>Takes memory.</summary>
    /// <param name="count">Floats.</param>
    internal NativeFloats(long count) => _data = NativeBuffer.AllocateZeroed(count);

    internal float* Data
    {
        get
        {
            ObjectDisposedException.ThrowIf(_data == null, this);
            return _data;
        }
    }

    /// <summary>Some of the floats; not to be touched once this is disposed.</summary>
    /// <param name="start">The first.</param>
    /// <param name="count">How many.</param>
    internal Memory<float> Slice(long start, long count) => new Part(this, start, checked((int)count)).Memory;

    public void Dispose()
    {
        NativeBuffer.Free(_data);
        _data = null;
    }

    private sealed class Part(NativeFloats owner, long start, int count) : MemoryManager<float>
    {
        public override Span<float> GetSpan() => new(owner.Data + start, count);

        public override MemoryHandle Pin(int elementIndex = 0) => new(owner.Data + start + elementIndex);

        public override void Unpin()
        {
            // Native memory does not move.
        }

        protected override void Dispose(bool disposing)
        {
            // The memory is the owner's.
        }
    }
}
