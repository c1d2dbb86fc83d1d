using System.Collections;

namespace Idiolect.Data;

/// <summary>Documents that are read anew each time, and counted before.</summary>
/// <param name="count">How many there are; parts of one count once.</param>
/// <param name="read">Reads them.</param>
internal sealed class DocumentCollection(int count, Func<IEnumerable<Document>> read) : IReadOnlyCollection<Document>
{
    public int Count => count;

    public IEnumerator<Document> GetEnumerator() => read().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
