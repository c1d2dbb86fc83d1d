using System.Diagnostics;
using System.Globalization;
using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Tensors;

namespace Idiolect.Benchmarks;

/// <summary>
/// One training step of one LSTM layer, forward and backward with all gradients, the input's included: the work of
/// benchmarks/peers/pytorch_lstm_step.py. Prints the milliseconds of each step.
/// </summary>
internal static class LstmBenchmark
{
    private const int Width = 512;
    private const int Batch = 32;
    private const int Time = 128;
    private const int Warmup = 3;

    internal static void Run(int steps, Precision precision)
    {
        using var tape = new Tape { Precision = precision };
        using var set = new ParameterSet();
        using var layer = new RecurrentLayer(
            set.Root.Child("lstm"), new RecurrentLayerConfig { Cell = RecurrentCell.Lstm, Inputs = Width, Width = Width, Deviation = 1 / Math.Sqrt(3.0 * Width) });
        set.Build();
        set.Initialize(seed: 1);
        var input = GivenGradientOperation.Random(Time * Batch * Width, seed: 1);
        var outputGradient = GivenGradientOperation.Random(Time * Batch * Width, seed: 2);
        var context = new ForwardContext(tape) { Training = true };
        for (var step = -Warmup; step < steps; step++)
        {
            var watch = Stopwatch.StartNew();
            set.ZeroGradients();
            set.Touch(); // as an optimiser would: the weight is packed anew
            var x = GivenGradientOperation.Input(tape, new Shape(Time, Batch, Width), input);
            var zeros = tape.CreateZeros(new Shape(Batch, Width));
            var result = layer.Forward(x, zeros, zeros, context);
            tape.Backward(GivenGradientOperation.Apply(tape, result.Hidden, outputGradient));
            tape.Reset();
            if (step >= 0)
            {
                Console.WriteLine(watch.Elapsed.TotalMilliseconds.ToString("F3", CultureInfo.InvariantCulture));
            }
        }
    }
}
