using System.Text;
using Idiolect.Data;

namespace Idiolect.Lab.Tasks;

/// <summary>The documentation of the machine's own .NET SDK, as bytes; documents follow each other after a byte 0. Read once a process.</summary>
internal static class DocumentationBytes
{
    internal const int Vocabulary = 256;

    private static readonly Lazy<Corpus> Loaded = new(() => Corpus.Load(Corpus.DotnetDocs));
    private static readonly Lazy<(byte[] Training, byte[] Validation)> Texts = new(() => (Join(Loaded.Value.Training), Join(Loaded.Value.Validation)));

    internal static IReadOnlyCollection<Document> TrainingDocuments => Loaded.Value.Training;

    internal static byte[] Training => Texts.Value.Training;

    internal static byte[] Validation => Texts.Value.Validation;

    /// <summary>Windows at random places: tokens and targets one byte later.</summary>
    internal static (int[] Tokens, int[] Targets) Batch(byte[] text, int batch, int time, Random random)
        => Windows(text, [.. Enumerable.Range(0, batch).Select(_ => random.Next(text.Length - time))], time);

    /// <summary>Windows that begin at the given places.</summary>
    internal static (int[] Tokens, int[] Targets) Windows(byte[] text, int[] starts, int time)
    {
        int[] From(int shift) => [.. starts.SelectMany(start => text.AsSpan(start + shift, time).ToArray().Select(value => (int)value))];
        return (From(0), From(1));
    }

    private static byte[] Join(IReadOnlyCollection<Document> all)
    {
        // In another order than by assembly, so that any part of the text is like the rest.
        Document[] documents = [.. all];
        var order = Enumerable.Range(0, documents.Length).ToArray();
        new Random(1).Shuffle(order);
        using var stream = new MemoryStream();
        foreach (var i in order)
        {
            stream.WriteByte(0);
            stream.Write(Encoding.UTF8.GetBytes(documents[i].Text));
        }
        return stream.ToArray();
    }
}
