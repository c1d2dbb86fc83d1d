using Idiolect.Formats;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

/// <summary>What PyTorch computed in float64 for one operation: tests/golden/operations.safetensors.</summary>
internal sealed class OperationGolden : IDisposable
{
    private const double Tolerance = 1e-5;

    private readonly SafetensorsReader _file = SafetensorsReader.Open(Goldens.Folder("operations.safetensors"));
    private readonly string _operation;
    private readonly Team _team;

    private OperationGolden(string operation, Team team) => (_operation, _team) = (operation, team);

    /// <summary>Makes the comparison on one thread and on two.</summary>
    internal static void Compare(string operation, Action<OperationGolden, Team> comparison)
    {
        foreach (var threads in new[] { 1, 2 })
        {
            using var team = new Team(threads, IsaSelector.Default);
            using var golden = new OperationGolden(operation, team);
            comparison(golden, team);
        }
    }

    /// <summary>
    /// The elements of a tensor in the order of our kernels: PyTorch's (batch, heads, time, head size) is our
    /// (batch, time, heads, head size).
    /// </summary>
    internal float[] Read(string name)
    {
        var values = _file.Read(FullName(name));
        return Shape(name) is [var batch, var heads, var time, var size] ? HeadsInside(values, batch, heads, time, size) : values;
    }

    internal int[] ReadIntegers(string name) => _file.ReadIntegers(FullName(name));

    /// <summary>The shape as the file has it.</summary>
    internal int[] Shape(string name) => [.. _file.Tensors[FullName(name)].Shape.Select(size => (int)size)];

    /// <summary>An input.</summary>
    internal NativeBuffer<float> Input(string name) => new(Read(name));

    /// <summary>Memory for a result that the kernel adds to.</summary>
    internal NativeBuffer<float> Zeros(string name) => new(Read(name).Length);

    /// <summary>Memory for a result that the kernel writes: NaN, so that an element left out is seen.</summary>
    internal NativeBuffer<float> Unset(string name)
    {
        var buffer = Zeros(name);
        buffer.Span.Fill(float.NaN);
        return buffer;
    }

    /// <summary>Checks a result: |ours - PyTorch's| / |PyTorch's|, as vectors.</summary>
    internal void AssertEqual(string name, ReadOnlySpan<float> actual)
    {
        var expected = Read(name);
        var norm = Goldens.Norm(expected);
        Assert.True(norm > 0, $"{FullName(name)} is all zeros: nothing can be compared with it.");
        var error = Goldens.Distance(actual, expected) / norm;
        Assert.True(error < Tolerance, $"{FullName(name)} on {_team.ThreadCount} threads is off by {error:E2} of its norm.");
    }

    internal void AssertEqual(string name, NativeBuffer<float> actual) => AssertEqual(name, actual.Span);

    public void Dispose() => _file.Dispose();

    private static float[] HeadsInside(float[] values, int batch, int heads, int time, int size)
    {
        var result = new float[values.Length];
        for (var row = 0; row < batch * heads * time; row++)
        {
            var (sequence, head, at) = (row / (heads * time), row / time % heads, row % time);
            values.AsSpan(row * size, size).CopyTo(result.AsSpan(((((sequence * time) + at) * heads) + head) * size));
        }
        return result;
    }

    private string FullName(string name) => $"{_operation}.{name}";
}
