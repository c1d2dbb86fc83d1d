using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Idiolect.Data;
using Idiolect.Tokenization;
using Microsoft.ML.Tokenizers;
using Tokenizer = Idiolect.Tokenization.Tokenizer;

namespace Idiolect.Benchmarks;

/// <summary>
/// Megabytes (10^6 bytes of UTF-8) a second of training and encoding byte pairs with GPT-2's pre-tokeniser and vocabulary, beside
/// Microsoft.ML.Tokenizers (which has no trainer) and tiktoken's JavaScript (benchmarks/peers/tiktoken_encode.mjs), in one run.
/// </summary>
internal static class TokenizerBenchmark
{
    private const int EncodedBytes = 4_000_000;
    private const int Rounds = 3;
    private const int Vocabulary = 4096;

    internal static int Run(string[] files)
    {
        var root = FindRoot();
        var folder = Path.Combine(root, "artifacts", "test-data", "gpt2");
        if (!File.Exists(Path.Combine(folder, "vocab.json")))
        {
            Console.Error.WriteLine("error: GPT-2's vocabulary is missing; run: bash tests/fetch-gpt2-vocabulary.sh");
            return 1;
        }
        var texts = files.Length > 0 ? [.. files.Select(File.ReadAllText)] : Corpus.Load(Corpus.DotnetDocs).Training.Select(document => document.Text).ToList();
        var bytes = texts.Sum(text => (long)Encoding.UTF8.GetByteCount(text));
        Console.WriteLine($"training {Vocabulary} tokens on {bytes / 1e6:F1} MB in {texts.Count} texts");
        foreach (var threads in new[] { 1, Environment.ProcessorCount }.Distinct())
        {
            var trainer = new BytePairTrainer(new BytePairTrainerOptions { VocabularySize = Vocabulary, Threads = threads });
            Print($"Idiolect, {threads} thread{(threads == 1 ? "" : "s")}", bytes, Enumerable.Range(0, Rounds).Min(_ => Seconds(() => trainer.Train(texts))), null);
        }
        Encode(root, folder, Beginning(texts));
        return 0;
    }

    private static void Encode(string root, string folder, List<string> texts)
    {
        var bytes = texts.Sum(text => (long)Encoding.UTF8.GetByteCount(text));
        var ours = Tokenizer.Load(folder);
        var theirs = BpeTokenizer.Create(new BpeOptions(Path.Combine(folder, "vocab.json"), Path.Combine(folder, "merges.txt"))
        {
            ByteLevel = true,
            PreTokenizer = new RegexPreTokenizer(new Regex(Gpt2Scanner.Pattern, RegexOptions.Compiled), null),
        });
        var file = Path.GetTempFileName();
        File.WriteAllText(file, JsonSerializer.Serialize(texts));
        Console.WriteLine($"encoding {bytes / 1e6:F1} MB in {texts.Count} texts with GPT-2's 50,257 tokens, best of {Rounds} alternating rounds");
        var results = new Dictionary<string, (double Seconds, long Tokens)>();
        for (var round = 0; round < Rounds; round++)
        {
            Add("Idiolect, 1 thread", () => texts.Sum(text => (long)ours.Encode(text).Length));
            Add($"Idiolect, {Environment.ProcessorCount} threads", () => texts.AsParallel().Sum(text => (long)ours.Encode(text).Length));
            Add("Microsoft.ML.Tokenizers, 1 thread", () => texts.Sum(text => (long)theirs.EncodeToIds(text).Count));
            foreach (var (name, seconds, tokens) in TiktokenEncodings(root, file))
            {
                Best(name, seconds, tokens);
            }
        }
        File.Delete(file);
        foreach (var (name, (seconds, tokens)) in results)
        {
            Print(name, bytes, seconds, tokens);
        }

        void Add(string name, Func<long> encode)
        {
            var tokens = 0L;
            Best(name, Seconds(() => tokens = encode()), tokens);
        }

        void Best(string name, double seconds, long tokens)
        {
            results.TryAdd(name, (seconds, tokens));
            results[name] = (Math.Min(seconds, results[name].Seconds), tokens);
        }
    }

    /// <summary>One round of the JavaScript libraries; says why and returns nothing where they cannot run.</summary>
    private static List<(string Name, double Seconds, long Tokens)> TiktokenEncodings(string root, string file)
    {
        try
        {
            using var node = Process.Start(new ProcessStartInfo("node", [Path.Combine(root, "benchmarks", "peers", "tiktoken_encode.mjs"), file])
            {
                RedirectStandardOutput = true,
            })!;
            var output = node.StandardOutput.ReadToEnd();
            node.WaitForExit();
            return [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)
                .Select(line => (line.GetProperty("name").GetString()!, line.GetProperty("seconds").GetDouble(), line.GetProperty("tokens").GetInt64()))];
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            Console.Error.WriteLine($"tiktoken is left out: node does not start ({exception.Message})");
            return [];
        }
    }

    private static List<string> Beginning(List<string> texts)
    {
        var bytes = 0L;
        return [.. texts.TakeWhile(text => (bytes += Encoding.UTF8.GetByteCount(text)) <= EncodedBytes || bytes == Encoding.UTF8.GetByteCount(text))];
    }

    private static double Seconds(Action work)
    {
        var start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static void Print(string name, long bytes, double seconds, long? tokens) => Console.WriteLine(string.Create(
        CultureInfo.InvariantCulture, $"  {name,-36} {bytes / seconds / 1e6,8:F2} MB/s{(tokens is { } count ? $"  {count:#,0} tokens" : "")}"));

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder != null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Idiolect.slnx")))
            {
                return folder.FullName;
            }
        }
        throw new DirectoryNotFoundException("This program runs inside the project's repository.");
    }
}
