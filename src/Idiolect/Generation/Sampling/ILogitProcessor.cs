namespace Idiolect.Generation;

/// <summary>
/// Changes the model's scores before the next token is chosen: to forbid tokens, to make some likelier. Give yours in
/// <see cref="GenerationOptions.LogitProcessors"/>.
/// </summary>
/// <remarks>
/// One object serves all texts of a call, one after the other and never two at once; what it has to know of a text it reads from the text. It
/// is asked once for each token of each text that has not ended. Where several threads generate with it, it must be thread-safe.
/// </remarks>
public interface ILogitProcessor
{
    /// <summary>Changes scores in place.</summary>
    /// <param name="text">The text so far.</param>
    /// <param name="logits">
    /// (vocabulary) scores of every token as the next one. <see cref="float.NegativeInfinity"/> forbids a token; NaN, positive infinity, and
    /// to forbid all tokens, end the generation with an <see cref="InvalidOperationException"/>.
    /// </param>
    void Process(TokenSequence text, Span<float> logits);
}
