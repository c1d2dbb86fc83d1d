namespace Idiolect.Training;

/// <summary>
/// What a resume needs besides the tensors: <c>trainer/state.json</c> of a checkpoint. It holds nothing that depends on the clock,
/// the machine or the number of threads, so that equal runs write equal bytes.
/// </summary>
/// <param name="Step">The number of steps taken.</param>
/// <param name="Position">The number of training sequences consumed, for the record: what a step reads follows from its number.</param>
/// <param name="ConsecutiveBadSteps">Steps skipped in a row just before, because a number was not finite.</param>
/// <param name="EvaluationsWithoutImprovement">Evaluations since the best one: for early stop.</param>
/// <param name="BestStep">The step of the best evaluation; null before the first.</param>
/// <param name="BestValidationLoss">Its validation loss in nats a token; null before the first.</param>
/// <param name="DataHash">The hash of the training data.</param>
/// <param name="TokenizerHash">The hash of the tokenizer.</param>
/// <param name="Options">The options of the run; random numbers follow from their seed and the step.</param>
/// <param name="SkippedSteps">Steps left out because a number in them was not finite: they updated nothing.</param>
public sealed record TrainingState(
    long Step,
    long Position,
    int ConsecutiveBadSteps,
    int EvaluationsWithoutImprovement,
    long? BestStep,
    double? BestValidationLoss,
    string DataHash,
    string TokenizerHash,
    TrainingOptions Options,
    long SkippedSteps = 0)
{
    /// <summary>The folder inside a checkpoint that only a resume reads.</summary>
    public const string FolderName = "trainer";

    /// <summary>The file inside that folder.</summary>
    public const string FileName = "state.json";

    /// <summary>Reads the state of a checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    /// <exception cref="FileNotFoundException">It has none: it is a model to use, not one to resume.</exception>
    /// <exception cref="InvalidDataException">The file is damaged, or an option in it makes no sense.</exception>
    public static TrainingState Read(string checkpoint)
    {
        var path = PathIn(checkpoint);
        var state = TrainingJson.Read(path, TrainingJson.Default.TrainingState);
        if (state.Step < 0 || state.Position < 0 || state.ConsecutiveBadSteps < 0
            || state.SkippedSteps < 0 || state.SkippedSteps > state.Step || state.EvaluationsWithoutImprovement < 0)
        {
            throw new InvalidDataException($"'{path}' is damaged: a count in it is negative or too large.");
        }
        try
        {
            state.Options.Validate();
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"'{path}': {exception.Message}", exception);
        }
        return state;
    }

    /// <summary>Writes the state into a checkpoint.</summary>
    /// <param name="checkpoint">The checkpoint's folder.</param>
    public void Write(string checkpoint) => TrainingJson.Write(PathIn(checkpoint), this, TrainingJson.Default.TrainingState);

    /// <summary>Refuses to resume on other data, or with another tokenizer, than the run began with.</summary>
    /// <exception cref="InvalidDataException">A hash differs.</exception>
    public void EnsureSameInputs(string dataHash, string tokenizerHash)
    {
        EnsureSame("training data", DataHash, dataHash);
        EnsureSame("tokenizer", TokenizerHash, tokenizerHash);
    }

    private static string PathIn(string checkpoint) => Path.Combine(checkpoint, FolderName, FileName);

    private static void EnsureSame(string what, string saved, string found)
    {
        if (saved != found)
        {
            throw new InvalidDataException(
                $"The {what} changed since the run was saved (hash {saved}, now {found}). Restore it to resume, or start a new run.");
        }
    }
}
