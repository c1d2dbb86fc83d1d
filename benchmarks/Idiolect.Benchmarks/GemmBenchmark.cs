using System.Diagnostics;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

/// <summary>The matrix products of the presets, beside the peak measured in the same seconds.</summary>
internal static unsafe class GemmBenchmark
{
    private static readonly (string Name, int M, int N, int K)[] Shapes =
    [
        ("768x3072x768", 768, 3072, 768),
        ("768x768x3072", 768, 768, 3072),
        ("768x768x768", 768, 768, 768),
        ("256x3072x768 (gpt2-124m, 256 tokens)", 256, 3072, 768),
        ("256x768x3072", 256, 768, 3072),
        ("3072x768x256 (weight gradient)", 3072, 768, 256),
        ("256x50257x768 (head)", 256, 50257, 768),
        ("768x384x128 (nanogpt-cpu)", 768, 384, 128),
        ("768x512x128 (nanogpt-cpu)", 768, 512, 128),
        ("768x65x128 (nanogpt-cpu head)", 768, 65, 128),
        ("2048x1536x384 (nanogpt)", 2048, 1536, 384),
        ("2048x384x1536", 2048, 384, 1536),
        ("1536x384x2048 (weight gradient)", 1536, 384, 2048),
        ("1x3072x768 (decode)", 1, 3072, 768),
    ];

    internal static void Run(Precision precision, IReadOnlyList<string> wanted)
    {
        Console.WriteLine($"{"m x n x k",-38} {"threads",7} {"layout",6} {"GFLOP/s",9} {"best",7} {"peak",7} {"share",6} {"best",6}");
        foreach (var threads in Environment.ProcessorCount > 1 ? new[] { 1, Environment.ProcessorCount } : [1])
        {
            using var team = new Team(threads, IsaSelector.Default);
            foreach (var (name, m, n, k) in Shapes.Where(shape => wanted.Count == 0 || wanted.Any(shape.Name.StartsWith)))
            {
                foreach (var (layout, transposeA, transposeB) in new[] { ("NT", false, true), ("NN", false, false), ("TN", true, false) })
                {
                    var (gflops, best, peak) = Measure(team, m, n, k, transposeA, transposeB, precision);
                    Console.WriteLine($"{name,-38} {threads,7} {layout,6} {gflops,9:F1} {best,7:F1} {peak,7:F1} {gflops / peak,6:P0} {best / peak,6:P0}");
                }
            }
        }
    }

    private static (double Gflops, double Best, double Peak) Measure(Team team, int m, int n, int k, bool transposeA, bool transposeB, Precision precision)
    {
        float* a = Allocate((long)m * k), b = Allocate((long)k * n), c = Allocate((long)m * n);
        var left = new MatrixView(a, transposeA ? m : k, transposeA);
        var right = new MatrixView(b, transposeB ? k : n, transposeB);
        var flops = 2.0 * m * n * k;
        var repeats = (int)Math.Clamp(2e9 * team.ThreadCount / flops, 2, 2000);
        List<double> rates = [], peaks = [];
        for (var round = 0; round < 15; round++)
        {
            peaks.Add(PeakProbe.Gflops(team, precision));
            Gemm.Multiply(team, m, n, k, left, right, c, n, precision: precision);
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < repeats; i++)
            {
                Gemm.Multiply(team, m, n, k, left, right, c, n, precision: precision);
            }
            rates.Add(flops * repeats / watch.Elapsed.TotalSeconds / 1e9);
        }
        NativeBuffer.Free(a);
        NativeBuffer.Free(b);
        NativeBuffer.Free(c);
        return (Median(rates), rates[^1], Median(peaks)); // Median sorts
    }

    private static double Median(List<double> values)
    {
        values.Sort();
        return values[values.Count / 2];
    }

    private static float* Allocate(long count)
    {
        var data = NativeBuffer.Allocate(count);
        for (var i = 0L; i < count; i++)
        {
            data[i] = ((i % 17) - 8) * 0.01f;
        }
        return data;
    }
}
