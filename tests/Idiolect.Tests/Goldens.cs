using System.Reflection;
using System.Runtime.InteropServices;
using Idiolect.Formats;

namespace Idiolect.Tests;

/// <summary>The files in tests/golden, which PyTorch computed in float64.</summary>
internal static class Goldens
{
    internal static string RepositoryRoot { get; } = typeof(Goldens).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    internal static string Folder(string name) => Path.Combine(RepositoryRoot, "tests", "golden", name);

    internal static float[] Read(this SafetensorsReader reader, string name)
    {
        var values = new float[reader.Tensors[name].ElementCount];
        reader.Read(name, values);
        return values;
    }

    /// <summary>The elements of an I64 tensor, which no model has and so the library does not read.</summary>
    internal static int[] ReadIntegers(this SafetensorsReader reader, string name)
    {
        var tensor = reader.Tensors[name];
        Assert.Equal(StoredType.I64, tensor.Type);
        var bytes = File.ReadAllBytes(reader.FilePath).AsSpan((int)tensor.Offset, (int)tensor.ByteCount);
        return Array.ConvertAll(MemoryMarshal.Cast<byte, long>(bytes).ToArray(), id => (int)id);
    }

    /// <summary>|a - b|, as vectors.</summary>
    internal static double Distance(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        Assert.Equal(b.Length, a.Length);
        var sum = 0.0;
        for (var i = 0; i < a.Length; i++)
        {
            sum += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
        }
        return Math.Sqrt(sum);
    }

    internal static double Norm(ReadOnlySpan<float> a) => Distance(a, new float[a.Length]);
}
