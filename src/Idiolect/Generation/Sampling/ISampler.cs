namespace Idiolect.Generation;

/// <summary>
/// Chooses the next token from scores. <see cref="Sampler"/> is the built-in one; give yours in <see cref="GenerationOptions.Sampler"/>.
/// </summary>
/// <remarks>One object serves all texts of a call, one after the other. Where several threads generate with it, it must be thread-safe.</remarks>
public interface ISampler
{
    /// <summary>The next token.</summary>
    /// <param name="text">The text so far.</param>
    /// <param name="logits">
    /// (vocabulary) scores, after all logit processors: finite, or <see cref="float.NegativeInfinity"/> for a token that is forbidden. At least
    /// one is allowed.
    /// </param>
    /// <param name="random">
    /// A number in [0, 1), another one for each token: a pure function of <see cref="GenerationOptions.Seed"/>, the sample and the number of
    /// tokens written. A sampler that draws from it alone gives the same text for the same seed.
    /// </param>
    /// <returns>The id of an allowed token; another ends the generation with an <see cref="InvalidOperationException"/>.</returns>
    int Sample(TokenSequence text, ReadOnlySpan<float> logits, double random);
}
