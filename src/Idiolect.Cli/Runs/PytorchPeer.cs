using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

using Idiolect.Recipes;

namespace Idiolect.Cli.Runs;

/// <summary>PyTorch's eager training step on the same work, in a process of its own that waits while it is not asked.</summary>
internal sealed class PytorchPeer : IDisposable
{
    internal const string Name = "pytorch";
    private const string Python = "/usr/bin/python3"; // Debian's, for which its packages are; another first in PATH has none of them
    private const string Install = "apt-get install python3-torch libopenblas0-openmp";

    private static readonly string Script = Path.Combine("benchmarks", "peers", "pytorch_train_step.py");

    private readonly Process process;
    private readonly Task<string> complaint;

    private PytorchPeer(Process process)
    {
        this.process = process;
        complaint = process.StandardError.ReadToEndAsync();
        try
        {
            Self = Read(root => new PeerDescription(
                root.GetProperty("parameters").GetInt64(), root.GetProperty("torch").GetString()!, root.GetProperty("blas").GetString()!,
                root.GetProperty("blasCore").GetString()!, root.GetProperty("blasThreads").GetInt32(), root.GetProperty("matmulGflops").GetDouble()));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>What it says of itself.</summary>
    internal PeerDescription Self { get; }

    /// <summary>Starts it and waits until it has taken its first steps.</summary>
    /// <exception cref="ArgumentException">It has no such model.</exception>
    /// <exception cref="IOException">Python, PyTorch or the script is missing; the message says how to get it.</exception>
    internal static PytorchPeer Start(Recipe recipe, string python = Python, string? script = null)
    {
        if (recipe.Model.Architecture != "gpt2" || recipe.Model.Dropout > 0)
        {
            throw new ArgumentException(
                "--peer pytorch trains the gpt2 shape without dropout; choose --preset nanogpt-cpu, nanogpt or gpt2-124m and leave --dropout out");
        }
        if (recipe.Optimizer.Kind != "adamw" || recipe.Optimizer.Recompute)
        {
            throw new ArgumentException("--peer pytorch updates by AdamW and keeps what it computed; leave --optimizer and --recompute out");
        }
        script ??= FindScript();
        if (!File.Exists(python))
        {
            throw new IOException($"--peer pytorch needs {python} with PyTorch; run: {Install}");
        }
        string[] arguments =
        [
            script, "--vocabulary", Say(recipe.Tokenizer.VocabularySize), "--context", Say(recipe.Model.ContextLength), "--width", Say(recipe.Model.Width),
            "--layers", Say(recipe.Model.LayerCount), "--heads", Say(recipe.Model.HeadCount), "--batch", Say(recipe.Optimizer.BatchSize),
            "--threads", Say(recipe.Threads ?? Environment.ProcessorCount),
        ];
        try
        {
            return new PytorchPeer(Process.Start(new ProcessStartInfo(python, arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            })!);
        }
        catch (Win32Exception exception)
        {
            throw new IOException($"--peer pytorch cannot start {python} ({exception.Message}); run: {Install}", exception);
        }
    }

    /// <summary>Has it take steps.</summary>
    /// <returns>The milliseconds of each.</returns>
    /// <exception cref="IOException">It has ended.</exception>
    internal double[] Measure(int steps)
    {
        try
        {
            process.StandardInput.WriteLine(Say(steps));
            process.StandardInput.Flush();
        }
        catch (IOException)
        {
            // It has ended, and what it said is read below.
        }
        var milliseconds = Read(root => root.GetProperty("ms").EnumerateArray().Select(value => value.GetDouble()).ToArray());
        return milliseconds.Length == steps ? milliseconds
            : throw new IOException($"--peer pytorch: its script took {milliseconds.Length} steps instead of {steps}");
    }

    /// <summary>Ends it, and so a wait for its answer; may be called at any time, by any thread.</summary>
    internal void Stop()
    {
        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
    }

    public void Dispose()
    {
        Stop();
        process.WaitForExit();
        process.Dispose();
    }

    /// <summary>What it says in its next line.</summary>
    private T Read<T>(Func<JsonElement, T> read)
    {
        if (process.StandardOutput.ReadLine() is { } line)
        {
            try
            {
                using var said = JsonDocument.Parse(line);
                return read(said.RootElement);
            }
            catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
            {
                throw new IOException($"--peer pytorch: its script said \"{line}\", which is not what was asked; is it of this version?", exception);
            }
        }
        var last = complaint.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault();
        throw new IOException($"--peer pytorch ended and said: {last ?? "nothing"}");
    }

    private static string FindScript()
    {
        foreach (var start in new[] { Environment.CurrentDirectory, AppContext.BaseDirectory })
        {
            for (var folder = new DirectoryInfo(start); folder is not null; folder = folder.Parent)
            {
                if (Path.Combine(folder.FullName, Script) is var found && File.Exists(found))
                {
                    return found;
                }
            }
        }
        throw new FileNotFoundException($"--peer pytorch needs {Script}, which is in the project's repository: run this inside a clone of it");
    }

    private static string Say(int value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>What a peer says of itself.</summary>
/// <param name="Parameters">Of its model.</param>
/// <param name="Version">Of PyTorch.</param>
/// <param name="Blas">The file of its matrix products.</param>
/// <param name="BlasCore">The kernels that it chose.</param>
/// <param name="Threads">That multiply.</param>
/// <param name="MatmulGflops">The best of several products of 768 x 768 and 768 x 3,072.</param>
internal sealed record PeerDescription(long Parameters, string Version, string Blas, string BlasCore, int Threads, double MatmulGflops);
