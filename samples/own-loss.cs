#:project ../src/Idiolect/Idiolect.csproj
// A loss of one's own over two models on one tape. A small model learns the text and at the same time to prefer what a frozen teacher prefers: direct
// preference optimisation (Rafailov et al. 2023) on pairs of a text's own line and one with its letters shuffled, beside the plain cross-entropy.
//   dotnet run -c Release samples/own-loss.cs TEXT-FILE
using Idiolect.Data;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;
using Idiolect.Training;

const int Pairs = 8, Length = 32;
const float Beta = 0.5f;
var corpus = Corpus.Load(args[0]);
var text = string.Join('\n', corpus.Training.Select(document => document.Text));
var tokenizer = CharacterTokenizer.Train([text]);
var tokens = tokenizer.Encode(text);
var config = GptConfig.Gpt2(tokenizer.VocabularySize, Length, layerCount: 2, headCount: 2, width: 32);
using var policy = new Gpt(config, seed: 1);
using var reference = new Gpt(config, seed: 1); // where the policy begins; it never learns
reference.Parameters.Freeze();

var random = new Random(1);
using var step = new TrainingStep(policy.Parameters, new TrainingOptions(Steps: 100, LearningRate: 2e-3));
for (var i = 0; i < 100; i++)
{
    var (inputs, targets) = MakePairs();
    var margin = 0f;
    var gradients = step.Take(context =>
    {
        var (chosen, rejected) = LogRatios(inputs, targets, context);
        using var difference = chosen.Subtract(rejected); // (pairs): how much more the policy prefers the chosen line than the reference does
        using var preference = difference.Scale(Beta).LogSigmoid().Mean().Scale(-1f);
        margin = difference.ToArray().Average();
        var half = Pairs * Length;
        using var likelihood = policy.Loss(inputs.AsSpan(0, half), targets.AsSpan(0, half), Pairs, context);
        return preference.Add(likelihood.Scale(0.1f));
    });
    if (i % 20 == 0 || i == 99)
    {
        Console.WriteLine($"step {i + 1}: loss {gradients.Loss:F3}, margin {margin:F2}");
    }
}

// log p_policy - log p_reference of whole lines, for the chosen ones and for the rejected ones: (pairs) each.
(Tensor Chosen, Tensor Rejected) LogRatios(int[] inputs, int[] targets, ForwardContext context)
{
    var half = Pairs * Length;
    return (LogRatio(inputs.AsSpan(0, half), targets.AsSpan(0, half)), LogRatio(inputs.AsSpan(half), targets.AsSpan(half)));

    Tensor LogRatio(ReadOnlySpan<int> input, ReadOnlySpan<int> target)
    {
        using var learned = policy.TokenLogProbabilities(input, target, Pairs, context);
        using var given = reference.TokenLogProbabilities(input, target, Pairs, context);
        return learned.LogProbabilities.SumRows().Subtract(given.LogProbabilities.SumRows());
    }
}

// (2 * pairs, length): lines of the text, then the same with their characters shuffled; the targets are the characters that follow.
(int[] Inputs, int[] Targets) MakePairs()
{
    var (inputs, targets) = (new int[2 * Pairs * Length], new int[2 * Pairs * Length]);
    for (var pair = 0; pair < Pairs; pair++)
    {
        var line = tokens.AsSpan(random.Next(tokens.Length - Length - 1), Length + 1).ToArray();
        for (var half = 0; half < 2; half++)
        {
            var row = ((half * Pairs) + pair) * Length;
            line.AsSpan(0, Length).CopyTo(inputs.AsSpan(row));
            line.AsSpan(1, Length).CopyTo(targets.AsSpan(row));
            random.Shuffle(line);
        }
    }
    return (inputs, targets);
}
