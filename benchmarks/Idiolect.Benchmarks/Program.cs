using Idiolect.Benchmarks;

GemmBenchmark.Run();
