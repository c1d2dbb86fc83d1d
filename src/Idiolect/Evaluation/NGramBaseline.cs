using System.Diagnostics;
using System.Globalization;
using System.Text;
using Idiolect.Data;
using Idiolect.Models;
using static Idiolect.Kernels.Rounding;

namespace Idiolect.Evaluation;

/// <summary>
/// The honest baseline without a neural network: a byte n-gram with modified Kneser-Ney smoothing, trained on the training documents,
/// measured on the validation documents. It does not adapt while it is measured, nor does the GPT.
/// </summary>
public static class NGramBaseline
{
    /// <summary>
    /// A compromise, not the best: on dotnet-docs the bits per byte still fall at longer orders (6: 1.27, 8: 1.12, 10: 1.04,
    /// 12: 1.00), but order 12 takes twice the memory of order 10.
    /// </summary>
    public const int DefaultOrder = 10;

    // Order 10 peaked at 0.93 GiB for the 14 MB of dotnet-docs, corpus included. Less repetitive text needs more tables.
    private const int MaxTrainingBytes = 24 << 20;
    private const int MaxValidationBytes = 256 << 20;
    private const int ChunkBytes = 1 << 16;

    /// <summary>Trains the n-gram and measures it.</summary>
    /// <param name="corpus">The documents. Each is preceded by a byte 0, which the n-gram has to predict as a GPT its separator.</param>
    /// <param name="order">The longest n-gram.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    public static BaselineResult Measure(Corpus corpus, int order = DefaultOrder, CancellationToken cancellationToken = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(order, 1);
        var name = string.Create(CultureInfo.InvariantCulture, $"byte {order}-gram");
        if (corpus.ValidationBytes == 0 || corpus.TrainingBytes == 0)
        {
            return new BaselineResult(name, null, corpus.ValidationBytes, 0, "not measured: a side of the corpus is empty");
        }
        var watch = Stopwatch.StartNew();
        var training = Concatenate(corpus.Training, MaxTrainingBytes);
        var model = new KneserNeyModel<byte>(order, symbols: 256, training, cancellationToken);
        var validation = Concatenate(corpus.Validation, MaxValidationBytes);
        var bits = new double[CeilingDivide(validation.Length, ChunkBytes)];
        Parallel.For(
            0, bits.Length, new ParallelOptions { CancellationToken = cancellationToken },
            chunk => bits[chunk] = Bits(model, order, validation, chunk * ChunkBytes));
        var measured = Math.Min(corpus.ValidationBytes, validation.Length);
        string[] notes =
        [
            .. training.Length == MaxTrainingBytes ? [$"trained on the first {MaxTrainingBytes >> 20} MiB"] : (string[])[],
            .. validation.Length == MaxValidationBytes ? [$"measured on the first {MaxValidationBytes >> 20} MiB"] : (string[])[],
        ];
        return new BaselineResult(
            name, bits.Sum() / measured, measured, watch.Elapsed.TotalSeconds, notes.Length > 0 ? string.Join(", ", notes) : null);
    }

    private static double Bits(KneserNeyModel<byte> model, int order, byte[] text, int start)
    {
        var bits = 0.0;
        for (var i = start; i < Math.Min(start + ChunkBytes, text.Length); i++)
        {
            bits -= Math.Log2(model.Probability(text.AsSpan(Math.Max(0, i - order), Math.Min(i, order)), text[i]));
        }
        return bits;
    }

    /// <summary>The documents in UTF-8, a byte 0 before each, cut at <paramref name="maxBytes"/>.</summary>
    private static byte[] Concatenate(IEnumerable<Document> documents, int maxBytes)
    {
        using var stream = new MemoryStream();
        foreach (var document in documents)
        {
            if (!document.IsContinuation)
            {
                stream.WriteByte(0);
            }
            stream.Write(Encoding.UTF8.GetBytes(document.Text));
            if (stream.Length >= maxBytes)
            {
                stream.SetLength(maxBytes);
                break;
            }
        }
        return stream.ToArray();
    }
}
