using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Generation;

/// <summary>One model and several threads: models keep buffers of a pass, so passes take turns.</summary>
public sealed class SharedModelTests
{
    [Fact]
    public async Task Two_threads_that_embed_with_one_model_get_what_each_gets_alone()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        using var model = new Recurrent(new RecurrentConfig { VocabularySize = 257, ContextLength = 8, LayerCount = 1, Width = 8 }, seed: 2);
        using var embedder = new TextEmbedder(model, new ByteTokenizer());
        string[] texts = [new string('a', 900), new string('b', 700)];
        float[][] alone = [.. texts.Select(Embed)];
        var together = await Task.WhenAll(texts.Select(text => Task.Run(
            () => Enumerable.Range(0, 300).Select(_ => Embed(text)).ToArray(), cancellationToken)));
        Assert.All(together.Zip(alone), pair => Assert.All(pair.First, vector => Assert.Equal(pair.Second, vector)));

        float[] Embed(string text) => embedder.Embed([text], threads: 1, cancellationToken)[0];
    }
}
