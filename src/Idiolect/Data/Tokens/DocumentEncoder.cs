namespace Idiolect.Data;

/// <summary>Encodes documents on several threads while the next ones are read, and gives their tokens in order; holds a few at a time.</summary>
/// <param name="encode">Turns one text into tokens, the same ones each time; called from several threads at once.</param>
/// <param name="vocabularySize">The number of different tokens.</param>
/// <param name="threads">The number of threads; 0 means one a processor.</param>
internal sealed class DocumentEncoder(Func<string, int[]> encode, int vocabularySize, int threads)
{
    private const int CharactersPerBatch = 1 << 22;
    private const int DocumentsPerBatch = 1 << 14;

    /// <summary>The tokens of each document, without a separator.</summary>
    /// <exception cref="InvalidDataException">A token is not in the vocabulary.</exception>
    internal IEnumerable<(Document Document, int[] Tokens)> Encode(IEnumerable<Document> documents, CancellationToken cancellationToken)
    {
        using var reader = documents.GetEnumerator();
        var next = Task.Run(Take, CancellationToken.None);
        try
        {
            while (next.GetAwaiter().GetResult() is { Count: > 0 } batch)
            {
                cancellationToken.ThrowIfCancellationRequested();
                next = Task.Run(Take, CancellationToken.None);
                var pieces = ParallelMap.Run(batch, EncodeOne, threads == 0 ? -1 : threads, cancellationToken);
                for (var i = 0; i < batch.Count; i++)
                {
                    yield return (batch[i], pieces[i]);
                }
            }
        }
        finally
        {
            // The enumerator is in use until then; what goes wrong there no longer matters.
            Task.WhenAny(next).Wait(CancellationToken.None);
        }

        List<Document> Take()
        {
            var batch = new List<Document>();
            for (var characters = 0; characters < CharactersPerBatch && batch.Count < DocumentsPerBatch && !cancellationToken.IsCancellationRequested && reader.MoveNext();)
            {
                batch.Add(reader.Current);
                characters += reader.Current.Text.Length;
            }
            return batch;
        }
    }

    private int[] EncodeOne(Document document)
    {
        var tokens = encode(document.Text);
        foreach (var token in tokens)
        {
            if ((uint)token >= (uint)vocabularySize)
            {
                throw new InvalidDataException($"{document.Name}: the tokenizer gave token {token}, which is not in its vocabulary of {vocabularySize}.");
            }
        }
        return tokens;
    }
}
