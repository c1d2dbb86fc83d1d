using System.ComponentModel;
using System.Diagnostics;
using System.Numerics;
using System.Text;
using Idiolect.Data;

namespace Idiolect.Evaluation;

/// <summary>
/// The baseline that everybody has at hand: what <c>xz -9e</c> adds for the validation text after the training text, which its
/// dictionary can hold and copy from. .NET has no LZMA, so the program <c>xz</c> does it.
/// </summary>
public static class XzBaseline
{
    private const string Name = "xz -9e";
    private const uint SmallestDictionary = 1 << 20;
    private const uint LargestDictionary = 512 << 20;

    /// <summary>Measures xz, or says why it could not be.</summary>
    /// <param name="corpus">The documents, compressed one after the other.</param>
    /// <param name="program">The program; by default the first <c>xz</c> on the PATH.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static async Task<BaselineResult> MeasureAsync(Corpus corpus, string program = "xz", CancellationToken cancellationToken = default)
    {
        if (corpus.ValidationBytes == 0 || corpus.TrainingBytes == 0)
        {
            return NotMeasured(corpus, "a side of the corpus is empty");
        }
        var bytes = (ulong)(corpus.TrainingBytes + corpus.ValidationBytes);
        var dictionary = Math.Clamp(BitOperations.RoundUpToPowerOf2(bytes), SmallestDictionary, LargestDictionary);
        var watch = Stopwatch.StartNew();
        try
        {
            var sizes = await Task.WhenAll(
                CompressAsync(program, dictionary, corpus.Training, cancellationToken),
                CompressAsync(program, dictionary, corpus.Training.Concat(corpus.Validation), cancellationToken)).ConfigureAwait(false);
            return new BaselineResult(
                Name, 8.0 * (sizes[1] - sizes[0]) / corpus.ValidationBytes, corpus.ValidationBytes, watch.Elapsed.TotalSeconds,
                bytes > dictionary ? $"its dictionary holds only {dictionary >> 20} MiB of the text" : null);
        }
        catch (Win32Exception)
        {
            return NotMeasured(corpus, "xz is not installed");
        }
        catch (IOException exception)
        {
            return NotMeasured(corpus, exception.Message);
        }
    }

    private static BaselineResult NotMeasured(Corpus corpus, string reason)
        => new(Name, null, corpus.ValidationBytes, 0, $"not measured: {reason}");

    /// <summary>The compressed size of the documents in bytes.</summary>
    private static async Task<long> CompressAsync(
        string program, ulong dictionary, IEnumerable<Document> documents, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program)
        {
            ArgumentList = { "--format=xz", "--threads=1", $"--lzma2=preset=9e,dict={dictionary}", "--stdout", "--quiet" },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new IOException($"{program} did not start");
        try
        {
            var size = CountAsync(process.StandardOutput.BaseStream, cancellationToken);
            var errors = process.StandardError.ReadToEndAsync(cancellationToken);
            await WriteAsync(process.StandardInput.BaseStream, documents, cancellationToken).ConfigureAwait(false);
            var compressed = await size.ConfigureAwait(false);
            await process.WaitForExitAsync(cancellationToken).ConfigureAwait(false);
            return process.ExitCode == 0
                ? compressed
                : throw new IOException($"{program} failed: {(await errors.ConfigureAwait(false)).Trim()}");
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    private static async Task WriteAsync(Stream input, IEnumerable<Document> documents, CancellationToken cancellationToken)
    {
        // Closing the stream is what ends the program.
        await using var buffered = new BufferedStream(input, 1 << 16);
        foreach (var document in documents)
        {
            await buffered.WriteAsync(Encoding.UTF8.GetBytes(document.Text), cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<long> CountAsync(Stream output, CancellationToken cancellationToken)
    {
        var buffer = new byte[1 << 16];
        long total = 0;
        for (int read; (read = await output.ReadAsync(buffer, cancellationToken).ConfigureAwait(false)) > 0;)
        {
            total += read;
        }
        return total;
    }
}
