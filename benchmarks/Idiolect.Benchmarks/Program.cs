using System.Globalization;
using Idiolect.Benchmarks;

if (args is ["lstm", .. var rest])
{
    LstmBenchmark.Run(rest is [var steps] ? int.Parse(steps, CultureInfo.InvariantCulture) : 10);
}
else if (args is ["attention"])
{
    AttentionBenchmark.Run();
}
else
{
    GemmBenchmark.Run();
}
