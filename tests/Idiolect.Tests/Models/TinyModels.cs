using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>One small model of each published shape, and steps of training with it.</summary>
internal static class TinyModels
{
    internal const int Batch = 3;
    internal const int Time = 11;

    internal static TheoryData<string> Names => ["gpt2", "llama", "qwen3"];

    internal static GptConfig Config(string name, float dropout = 0f) => name switch
    {
        "gpt2" => GptConfig.Gpt2(vocabularySize: 37, contextLength: 150, layerCount: 2, headCount: 3, width: 24) with { Dropout = dropout },
        "llama" => Llama with { Dropout = dropout },
        "qwen3" => Llama with { Dropout = dropout, NormalizeQueryKey = true, TiedEmbedding = true, HeadSize = 10 },
        _ => throw new ArgumentException(name, nameof(name)),
    };

    /// <summary>Token ids below the vocabulary's size, the same for the same seed.</summary>
    internal static int[] Ids(GptConfig config, int count, ulong seed = 1)
        => [.. Enumerable.Range(0, count).Select(i => (int)(CounterRandom.Uniform(seed, (ulong)i) * config.VocabularySize))];

    /// <summary>Gives gains and biases values of their own and widens the rest, so that every parameter matters.</summary>
    internal static void Roughen(Gpt model) => Roughen(model.Parameters);

    internal static void Roughen(ParameterSet parameters)
    {
        foreach (var parameter in parameters.All)
        {
            var values = parameter.MutableValues;
            var key = ParameterSet.HashName(parameter.Name);
            for (var i = 0; i < values.Length; i++)
            {
                values[i] += 0.1f * (float)CounterRandom.Normal(key, (ulong)i);
            }
        }
    }

    /// <summary>Forward and backward on a fixed batch; the gradients stay in the model.</summary>
    internal static float ForwardBackward(Gpt model, Tape tape, long step = 0)
    {
        var context = new ForwardContext(tape) { Training = true };
        context.SetRandomKey(seed: 5, step, firstSample: 0);
        var inputs = Ids(model.Config, Batch * Time, seed: 1);
        var targets = Ids(model.Config, Batch * Time, seed: 2);
        targets[3] = -1;
        var loss = model.Loss(inputs, targets, Batch, context);
        var value = loss.Item();
        tape.Backward(loss);
        tape.Reset();
        return value;
    }

    private static GptConfig Llama => new()
    {
        VocabularySize = 37,
        ContextLength = 150,
        LayerCount = 2,
        HeadCount = 4,
        KeyValueHeadCount = 2,
        Width = 24,
        FeedForwardWidth = 40,
    };
}
