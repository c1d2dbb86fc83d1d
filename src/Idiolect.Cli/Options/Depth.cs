namespace Idiolect.Cli.Options;

/// <summary>The one dial: what follows from the number of layers.</summary>
/// <remarks>
/// Width is 64 a layer and a head is 64 wide (nanochat's shape at its aspect ratio of 64). The learning rate falls with the square root
/// of the width, from GPT-2 124M's 6e-4 at 768 (Vaswani et al. 2017, section 5.3 has the same exponent). The steps give each parameter
/// of the blocks 20 tokens (Hoffmann et al. 2022, "Training compute-optimal large language models").
/// </remarks>
internal static class Depth
{
    private const int WidthPerLayer = 64;
    private const int HeadSize = 64;
    private const int ReferenceWidth = 768;
    private const double ReferenceLearningRate = 6e-4;
    private const int TokensPerParameter = 20;

    internal static TrainingSetup Apply(TrainingSetup setup, int depth)
    {
        var width = WidthPerLayer * depth;
        var heads = width / HeadSize;
        // Attention has 4 matrices of width x width, the feed-forward network 8 of them (4x hidden, or 8/3 x three matrices).
        var blockParameters = 12L * depth * width * width;
        var steps = (TokensPerParameter * blockParameters + setup.TokensPerStep - 1) / setup.TokensPerStep;
        var learningRate = Math.Round(ReferenceLearningRate * Math.Sqrt((double)ReferenceWidth / width), 6);
        return setup with
        {
            LayerCount = depth,
            Width = width,
            HeadCount = heads,
            KeyValueHeadCount = heads,
            LearningRate = learningRate,
            MinimumLearningRate = learningRate / 10,
            Steps = (int)Math.Min(steps, int.MaxValue),
            WarmupSteps = (int)Math.Clamp(steps / 20, 1, 1000),
        };
    }
}
