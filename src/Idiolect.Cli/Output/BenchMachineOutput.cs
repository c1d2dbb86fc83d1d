using System.Globalization;

using Idiolect.Evaluation;

namespace Idiolect.Cli.Output;

/// <summary>Shows what a machine reaches at most: a table, or one object.</summary>
internal static class BenchMachineOutput
{
    internal static void Write(MachineMeasurement machine, TextWriter output)
    {
        output.WriteLine($"kernels    {machine.Variant}{(machine.Variant == machine.Vectors ? "" : $"; all but matrix products {machine.Vectors}")}");
        output.WriteLine($"assembled  {machine.AssembledKernels}");
        output.WriteLine();
        output.WriteLine($"threads       {string.Concat(Enumerable.Range(1, machine.Fp32Gflops.Count).Select(count => Cell(count, "0")))}");
        Row("fp32 GFLOP/s", machine.Fp32Gflops);
        Row("bf16 GFLOP/s", machine.Bf16Gflops, "none (bf16 is emulated by rounding)");
        Row("int8 GOP/s", machine.Int8Gops, "none");
        Row("read GB/s", machine.ReadGBps);
        Row("write GB/s", machine.WriteGBps);
        Row("copy GB/s", machine.CopyGBps);

        void Row(string name, IReadOnlyList<double> figures, string none = "") => output.WriteLine(
            $"{name,-14}{(figures.Count == 0 ? $"  {none}" : string.Concat(figures.Select(figure => Cell(figure, "0.0"))))}");

        static string Cell(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture).PadLeft(8);
    }

    internal static void WriteJson(MachineMeasurement machine, TextWriter output) => new JsonLines(output).Write("done", json =>
    {
        Figures("fp32Gflops", machine.Fp32Gflops);
        Figures("bf16Gflops", machine.Bf16Gflops);
        Figures("int8Gops", machine.Int8Gops);
        Figures("readGBps", machine.ReadGBps);
        Figures("writeGBps", machine.WriteGBps);
        Figures("copyGBps", machine.CopyGBps);
        json.WriteString("variant", machine.Variant);

        void Figures(string name, IReadOnlyList<double> figures)
        {
            json.WriteStartArray(name);
            foreach (var figure in figures)
            {
                json.WriteNumberValue(Math.Round(figure, 2));
            }
            json.WriteEndArray();
        }
    });
}
