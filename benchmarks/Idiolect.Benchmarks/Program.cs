using System.Globalization;
using System.Reflection;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Idiolect.Benchmarks;
using Idiolect.Kernels;

switch (args)
{
    case ["gemm", "bf16", .. var shapes]:
        GemmBenchmark.Run(Precision.Bf16, shapes);
        return 0;
    case ["gemm", .. var shapes]:
        GemmBenchmark.Run(Precision.Fp32, shapes);
        return 0;
    case ["tokenizer", .. var files]:
        return TokenizerBenchmark.Run(files);
    case ["lstm", .. var rest]:
        LstmBenchmark.Run(
            rest is [var steps, ..] ? int.Parse(steps, CultureInfo.InvariantCulture) : 10,
            rest is [_, var precision] ? Enum.Parse<Precision>(precision, ignoreCase: true) : Precision.Fp32);
        return 0;
    case ["attention"]:
        AttentionBenchmark.Run();
        return 0;
    case ["optimizer"]:
        OptimizerBenchmark.Run();
        return 0;
    case []:
        Console.Error.WriteLine("""
            usage: gemm [bf16] [SHAPE...]  matrix products beside the machine's peak; all, or such as 768x3072x768
                   tokenizer [FILE...]     training and encoding, beside Microsoft.ML.Tokenizers and tiktoken's JavaScript
                   lstm [STEPS [bf16]]     the work of benchmarks/peers/pytorch_lstm_step.py
                   attention               flash attention beside the machine's peak
                   optimizer               the norm, AdamW and Muon at the size of gpt2-124m
                   --filter '*Norm*'       kernels, by BenchmarkDotNet ('*' for all; --list flat names them)
            """);
        return 2;
    default:
        // In this process: a project of its own for each benchmark would be built outside of this repository's settings.
        var config = DefaultConfig.Instance.AddJob(Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance));
        BenchmarkSwitcher.FromAssembly(Assembly.GetExecutingAssembly()).Run(args, config);
        return 0;
}
