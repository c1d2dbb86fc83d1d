namespace Idiolect.Cli.Options;

/// <summary>The one dial: what follows from the number of layers.</summary>
/// <remarks>
/// Width is 64 a layer and a head is 64 wide (nanochat's shape at its aspect ratio of 64). The learning rate falls with the square root
/// of the width, from GPT-2 124M's 6e-4 at 768 (Vaswani et al. 2017, section 5.3 has the same exponent). The steps give each parameter
/// of the blocks 20 tokens (Hoffmann et al. 2022, "Training compute-optimal large language models").
/// </remarks>
internal static class Depth
{
    // A recurrent layer of an LSTM has 8 matrices of width x width; twice a transformer's width in one or two layers is about its size.
    private const int RecurrentWidthPerLayer = 128;
    private const int MostRecurrentLayers = 2; // more layers of recurrent cells than that are hard to train without residual connections
    private const int WidthPerLayer = 64;
    private const int HeadSize = 64;
    private const int ReferenceWidth = 768;
    private const double ReferenceLearningRate = 6e-4;
    private const int TokensPerParameter = 20;

    internal static TrainingSetup Apply(TrainingSetup setup, int depth)
        => setup.IsRecurrent ? ApplyToRecurrent(setup, depth) : ApplyToTransformer(setup, depth);

    private static TrainingSetup ApplyToRecurrent(TrainingSetup setup, int depth)
    {
        var width = RecurrentWidthPerLayer * depth;
        var layers = Math.Min(depth, MostRecurrentLayers);
        var gates = setup.Model switch { TrainingSetup.Lstm => 4, TrainingSetup.Gru => 3, _ => 1 };
        // The preset's learning rate suits its width.
        var learningRate = Math.Round(setup.LearningRate * Math.Sqrt((double)setup.Width / width), 6);
        return WithSteps(setup, 2L * gates * layers * width * width) with
        {
            LayerCount = layers,
            Width = width,
            LearningRate = learningRate,
            MinimumLearningRate = learningRate / 10,
        };
    }

    private static TrainingSetup ApplyToTransformer(TrainingSetup setup, int depth)
    {
        var width = WidthPerLayer * depth;
        var heads = width / HeadSize;
        // Attention has 4 matrices of width x width, the feed-forward network 8 of them (4x hidden, or 8/3 x three matrices).
        var blockParameters = 12L * depth * width * width;
        var learningRate = Math.Round(ReferenceLearningRate * Math.Sqrt((double)ReferenceWidth / width), 6);
        return WithSteps(setup, blockParameters) with
        {
            LayerCount = depth,
            Width = width,
            HeadCount = heads,
            KeyValueHeadCount = heads,
            LearningRate = learningRate,
            MinimumLearningRate = learningRate / 10,
        };
    }

    private static TrainingSetup WithSteps(TrainingSetup setup, long parameters)
    {
        var steps = ((TokensPerParameter * parameters) + setup.TokensPerStep - 1) / setup.TokensPerStep;
        return setup with
        {
            Steps = (int)Math.Min(steps, int.MaxValue),
            WarmupSteps = (int)Math.Clamp(steps / 20, 1, 1000),
        };
    }
}
