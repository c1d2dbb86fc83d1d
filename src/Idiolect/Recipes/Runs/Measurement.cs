using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Models;

namespace Idiolect.Recipes;

/// <summary>How well a model predicts some tokens.</summary>
/// <param name="Result">Loss and bits per byte.</param>
/// <param name="Tokens">Predicted.</param>
/// <param name="Bytes">The UTF-8 bytes that these stand for.</param>
public sealed record Measurement(EvaluationResult Result, long Tokens, long Bytes)
{
    private const int TokensPerPass = 4096;

    /// <summary>Measures a model.</summary>
    /// <param name="model">The model; its config has the length of a window.</param>
    /// <param name="data">The tokens.</param>
    /// <param name="batches">Passes to measure, spread evenly; 0 for all of the text.</param>
    /// <param name="threads">0 for all cores.</param>
    /// <param name="cancellationToken">Ends the measurement with an exception.</param>
    /// <exception cref="InvalidDataException">The loss is not a finite number; the message names the first tensor that is not.</exception>
    public static Measurement Take(LanguageModel model, TokenDataset data, int batches = 0, int threads = 0, CancellationToken cancellationToken = default)
    {
        var context = model.Model.Config.EvaluationLength;
        if (context > TokensPerPass)
        {
            context = (int)Math.Clamp(data.TokenCount - 1, 1, context); // a window longer than the text would be padding, as much as a config claims
        }
        var evaluation = new LossEvaluation(data, model.Tokenizer, Math.Max(1, TokensPerPass / context), context, batches);
        var result = evaluation.Measure(model.Model, threads, cancellationToken);
        NonFiniteResult.Refuse(result.Loss, "The loss", model.Model);
        if (evaluation.Bytes == 0)
        {
            throw new InvalidDataException("The text is too short: what is predicted of it stands for no byte.");
        }
        return new Measurement(result, evaluation.Tokens, evaluation.Bytes);
    }
}
