using System.Diagnostics;
using Idiolect.Kernels;

namespace Idiolect.Benchmarks;

/// <summary>
/// Causal self-attention over a fused query, key and value buffer, as training runs it, beside the peak measured in the same
/// seconds. Only the FLOPs under the causal mask count: forward 4 * batch * heads * time^2 * head size / 2, backward 2.5 times that.
/// </summary>
internal static unsafe class AttentionBenchmark
{
    private static readonly (int Batch, int Heads, int Time, int HeadSize)[] Shapes =
        [(1, 1, 1024, 64), (1, 12, 1024, 64), (8, 6, 256, 64), (12, 4, 64, 32), (1, 1, 64, 32), (1, 1, 8192, 64)];

    internal static void Run()
    {
        Console.WriteLine(
            $"{"batch, heads, time, head size",-30} {"threads",7} {"pass",9} {"GFLOP/s",9} {"best",7} {"peak",7} {"share",6} {"best",6}");
        foreach (var threads in Environment.ProcessorCount > 1 ? new[] { 1, Environment.ProcessorCount } : [1])
        {
            using var team = new Team(threads, IsaSelector.Default);
            foreach (var (batch, heads, time, headSize) in Shapes)
            {
                using var buffers = new Buffers(batch, heads, time, headSize);
                var flops = 2.0 * batch * heads * time * time * headSize;
                Report("forward", flops, () => buffers.Forward(team));
                Report("backward", 2.5 * flops, () => buffers.Backward(team));

                void Report(string pass, double passFlops, Action run)
                {
                    var (gflops, best, peak) = Measure(team, passFlops, run);
                    Console.WriteLine(
                        $"{$"{batch}, {heads}, {time}, {headSize}",-30} {threads,7} {pass,9} {gflops,9:F1} {best,7:F1} {peak,7:F1} "
                        + $"{gflops / peak,6:P0} {best / peak,6:P0}");
                }
            }
        }
    }

    private static (double Gflops, double Best, double Peak) Measure(Team team, double flops, Action run)
    {
        var repeats = (int)Math.Clamp(1e9 * team.ThreadCount / flops, 1, 5000);
        List<double> rates = [], peaks = [];
        for (var round = 0; round < 15; round++)
        {
            peaks.Add(PeakProbe.Gflops(team));
            run();
            var watch = Stopwatch.StartNew();
            for (var i = 0; i < repeats; i++)
            {
                run();
            }
            rates.Add(flops * repeats / watch.Elapsed.TotalSeconds / 1e9);
        }
        rates.Sort();
        peaks.Sort();
        return (rates[rates.Count / 2], rates[^1], peaks[peaks.Count / 2]);
    }

    /// <summary>One fused buffer (batch, time, query | key | value), its gradient, and the page tables of both.</summary>
    private sealed class Buffers : IDisposable
    {
        private readonly AttentionShape _shape;
        private readonly int _pages; // a sequence
        private readonly List<nint> _memory = [];
        private readonly float* _fused;
        private readonly float* _fusedGradient;
        private readonly float* _output;
        private readonly float* _outputGradient;
        private readonly float* _logSumExp;
        private readonly float** _tables; // (keys, values, key gradients, value gradients; batch; pages)
        private readonly int* _keyLengths;
        private readonly int* _queryOffsets;

        internal Buffers(int batch, int heads, int time, int headSize)
        {
            var width = heads * headSize;
            _shape = new AttentionShape
            {
                Batch = batch,
                QueryLength = time,
                KeyLength = time,
                HeadCount = heads,
                KeyValueHeadCount = heads,
                HeadSize = headSize,
                QueryStride = 3 * width,
                OutputStride = width,
                KeyStride = 3 * width,
                Causal = true,
                Scale = 1f / MathF.Sqrt(headSize),
            };
            _pages = (time + Attention.PageLength - 1) / Attention.PageLength;
            var rows = (long)batch * time;
            _fused = Normal(rows * 3 * width);
            _fusedGradient = Normal(rows * 3 * width);
            _output = Normal(rows * width);
            _outputGradient = Normal(rows * width);
            _logSumExp = Normal(rows * heads);
            _tables = (float**)Normal(4L * batch * _pages * 2);
            _keyLengths = (int*)Normal(batch);
            _queryOffsets = (int*)Normal(batch);
            for (var sequence = 0; sequence < batch; sequence++)
            {
                for (var page = 0; page < _pages; page++)
                {
                    var offset = (((long)sequence * time) + (page * Attention.PageLength)) * 3 * width;
                    var index = (sequence * _pages) + page;
                    _tables[index] = _fused + offset + width;
                    _tables[Table(1) + index] = _fused + offset + (2 * width);
                    _tables[Table(2) + index] = _fusedGradient + offset + width;
                    _tables[Table(3) + index] = _fusedGradient + offset + (2 * width);
                }
                _keyLengths[sequence] = time;
                _queryOffsets[sequence] = 0;
            }
        }

        internal void Forward(Team team) => Attention.Forward(
            team, _shape, _fused, _tables, _tables + Table(1), _pages, _keyLengths, _queryOffsets, _output, _logSumExp);

        internal void Backward(Team team) => Attention.Backward(
            team, _shape, _fused, _tables, _tables + Table(1), _pages, _keyLengths, _queryOffsets, _output, _logSumExp,
            _outputGradient, _fusedGradient, _tables + Table(2), _tables + Table(3));

        public void Dispose()
        {
            foreach (var memory in _memory)
            {
                NativeBuffer.Free((float*)memory);
            }
        }

        private int Table(int index) => index * _shape.Batch * _pages;

        private float* Normal(long count)
        {
            var data = NativeBuffer.Allocate(count);
            _memory.Add((nint)data);
            for (var i = 0L; i < count; i++)
            {
                data[i] = (float)CounterRandom.Normal((ulong)_memory.Count, (ulong)i);
            }
            return data;
        }
    }
}
