using Idiolect.Data;
using Idiolect.Evaluation;
using Idiolect.Generation;

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
    public static Measurement Take(LanguageModel model, TokenDataset data, int batches = 0, int threads = 0, CancellationToken cancellationToken = default)
    {
        var context = model.Model.Config.EvaluationLength;
        var evaluation = new LossEvaluation(data, model.Tokenizer, Math.Max(1, TokensPerPass / context), context, batches);
        return new Measurement(evaluation.Measure(model.Model, threads, cancellationToken), evaluation.Tokens, evaluation.Bytes);
    }
}
