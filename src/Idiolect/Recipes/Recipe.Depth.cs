namespace Idiolect.Recipes;

public sealed partial record Recipe
{
    // A recurrent layer of an LSTM has 8 matrices of width x width; twice a transformer's width in one or two layers is about its size.
    private const int RecurrentWidthPerLayer = 128;
    private const int MostRecurrentLayers = 2; // more layers of recurrent cells than that are hard to train without residual connections
    private const int WidthPerLayer = 64;
    private const int HeadSize = 64;
    private const int ReferenceWidth = 768;
    private const double ReferenceLearningRate = 6e-4;
    private const int TokensPerParameter = 20;

    /// <summary>The one dial: what follows from the number of layers.</summary>
    /// <param name="depth">The layers of a transformer; a recurrent network has two at most, which are wider then.</param>
    /// <remarks>
    /// Width is 64 a layer and a head is 64 wide (nanochat's shape at its aspect ratio of 64). The learning rate falls with the square root
    /// of the width, from GPT-2 124M's 6e-4 at 768 (Vaswani et al. 2017, section 5.3 has the same exponent). The steps give each parameter
    /// of the blocks 20 tokens (Hoffmann et al. 2022, "Training compute-optimal large language models").
    /// </remarks>
    public Recipe WithDepth(int depth)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(depth, 1);
        return IsRecurrent ? RecurrentWithDepth(depth) : TransformerWithDepth(depth);
    }

    private Recipe RecurrentWithDepth(int depth)
    {
        var width = RecurrentWidthPerLayer * depth;
        var layers = Math.Min(depth, MostRecurrentLayers);
        var gates = Model.Kind switch { ModelRecipe.Lstm => 4, ModelRecipe.Gru => 3, _ => 1 };
        // The preset's learning rate suits its width.
        var learningRate = Math.Round(Optimizer.LearningRate * Math.Sqrt((double)Model.Width / width), 6);
        return this with
        {
            Model = Model with { LayerCount = layers, Width = width },
            Optimizer = StepsFor(2L * gates * layers * width * width, learningRate),
        };
    }

    private Recipe TransformerWithDepth(int depth)
    {
        var width = WidthPerLayer * depth;
        var heads = width / HeadSize;
        // Attention has 4 matrices of width x width, the feed-forward network 8 of them (4x hidden, or 8/3 x three matrices).
        var blockParameters = 12L * depth * width * width;
        var learningRate = Math.Round(ReferenceLearningRate * Math.Sqrt((double)ReferenceWidth / width), 6);
        return this with
        {
            Model = Model with { LayerCount = depth, Width = width, HeadCount = heads, KeyValueHeadCount = null },
            Optimizer = StepsFor(blockParameters, learningRate),
        };
    }

    private OptimizerRecipe StepsFor(long parameters, double learningRate)
    {
        var steps = ((TokensPerParameter * parameters) + TokensPerStep - 1) / TokensPerStep;
        return Optimizer with
        {
            LearningRate = learningRate,
            MinimumLearningRate = learningRate / 10,
            Steps = (int)Math.Min(steps, int.MaxValue),
            WarmupSteps = (int)Math.Clamp(steps / 20, 1, 1000),
        };
    }
}
