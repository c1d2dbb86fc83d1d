using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Models;

namespace Idiolect.Recipes;

/// <summary>How well a model fills gaps in some text.</summary>
/// <param name="Result">Loss, accuracy, and bits a byte of the masked tokens.</param>
/// <param name="Tokens">Masked.</param>
/// <param name="Bytes">The UTF-8 bytes that these stand for.</param>
public sealed record MaskedMeasurement(EvaluationResult Result, long Tokens, long Bytes)
{
    private const int TokensPerPass = 4096;

    /// <summary>Measures a model.</summary>
    /// <param name="model">The model; its config has the length of a window.</param>
    /// <param name="data">The tokens.</param>
    /// <param name="batches">Passes to measure, spread evenly; 0 for all of the text.</param>
    /// <param name="threads">0 for all cores.</param>
    /// <param name="cancellationToken">Ends the measurement with an exception.</param>
    /// <exception cref="InvalidDataException">
    /// No token was masked, or the loss is not a finite number; then the message names the first tensor that is not.
    /// </exception>
    public static MaskedMeasurement Take(MaskedLanguageModel model, TokenDataset data, int batches = 0, int threads = 0, CancellationToken cancellationToken = default)
    {
        var context = model.Model.Config.ContextLength;
        var evaluation = new MaskedEvaluation(data, model.Tokenizer, Math.Max(1, TokensPerPass / context), context, batches);
        var result = evaluation.Measure(model.Model, threads, cancellationToken);
        if (evaluation.Tokens == 0)
        {
            throw new InvalidDataException("The text is too short: not one of its tokens was masked, so there is nothing to measure.");
        }
        NonFiniteResult.Refuse(result.Loss, "The loss", model.Model);
        return new MaskedMeasurement(result, evaluation.Tokens, evaluation.Bytes);
    }
}
