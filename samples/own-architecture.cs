#:project ../src/Idiolect/Idiolect.csproj
// A language model whose blocks the library does not have: gated causal convolutions (Dauphin et al. 2017). It is trained, saved, resumed to the
// same bits, and writes:  dotnet run -c Release samples/own-architecture.cs TEXT-FILE [FOLDER]
using System.Text.Json.Serialization;
using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;
using Idiolect.Training;

var folder = args.Length > 1 ? args[1] : "my-convolution";
ModelFormat.Register(new ModelFormat<Sizes>("gated_convolution", SizesJson.Default.Sizes, sizes => new GatedConvolution(sizes, seed: 0)));
var corpus = Corpus.Load(args[0]);
var tokenizer = CharacterTokenizer.Train(corpus.Training.Concat(corpus.Validation).Select(document => document.Text));
using var data = TrainingData.Encode(corpus, tokenizer);
var options = new TrainingOptions(Steps: 60, BatchSize: 8, LearningRate: 3e-3);
var sizes = new Sizes(tokenizer.VocabularySize, ContextLength: 64, LayerCount: 3, Width: 64);

var whole = Train("whole", stopAt: 60);
Train("stopped", stopAt: 30);
LanguageModel? resumed = null; // as the stopped run's checkpoint has it, a model folder like any other
using var trainer = Trainer.Resume(Path.Combine(folder, "stopped"), (checkpoint, state, kept) =>
    new LanguageModelTask((resumed = LanguageModel.Load(checkpoint)).Model, tokenizer, data, kept));
trainer.Run();
using var model = resumed!;
Console.WriteLine($"resumed at step 30, equal to the last bit: {whole.SequenceEqual(Weights(model.Model))}");
await foreach (var piece in model.GenerateAsync("The ", new GenerationOptions { MaxTokens = 200 })) { Console.Write(piece); }

float[] Weights(ILanguageModel model) => [.. model.Parameters.SelectMany(parameter => parameter.Values.ToArray())];
float[] Train(string run, long stopAt)
{
    using var model = new GatedConvolution(sizes, seed: 1);
    using var trainer = new Trainer(new LanguageModelTask(model, tokenizer, data, options), options, Path.Combine(folder, run));
    using var stop = new CancellationTokenSource();
    trainer.Run(new Listener(news => { if (news is StepCompleted { Step: var step } && step == stopAt) { stop.Cancel(); } }), stop.Token);
    return Weights(model);
}

internal sealed class Listener(Action<TrainingProgress> hear) : IProgress<TrainingProgress> { public void Report(TrainingProgress news) => hear(news); }
internal sealed record Sizes(int VocabularySize, int ContextLength, int LayerCount, int Width) : IModelConfig
{
    public long ParameterCount => Width * ((2L * VocabularySize) + (LayerCount * ((6L * Width) + 1)) + 1);
    public double TrainingFlopsPerToken => 6.0 * ParameterCount;
}
[JsonSerializable(typeof(Sizes))]
internal sealed partial class SizesJson : JsonSerializerContext;
internal sealed class GatedConvolution : ILanguageModel
{
    private readonly Sizes _sizes;
    private readonly Embedding _embedding; // (vocabulary, width)
    private readonly (Norm Norm, Linear[] Taps)[] _blocks; // taps: of a position and the two before it, width -> 2 * width: gate, up
    private readonly Norm _norm;
    private readonly Linear _head;

    public GatedConvolution(Sizes s, ulong seed)
    {
        (_sizes, _embedding) = (s, new Embedding(Parameters.Root.Child("embedding"), s.VocabularySize, s.Width));
        _blocks = [.. Enumerable.Range(0, s.LayerCount).Select(i => Parameters.Root.Child($"layers.{i}")).Select(scope => (
            new Norm(scope.Child("norm"), NormKind.RmsNorm, s.Width),
            Enumerable.Range(0, 3).Select(tap => new Linear(scope.Child($"taps.{tap}"), s.Width, [s.Width, s.Width], bias: false)).ToArray()))];
        _norm = new Norm(Parameters.Root.Child("norm"), NormKind.RmsNorm, s.Width);
        _head = new Linear(Parameters.Root.Child("head"), s.Width, s.VocabularySize, bias: false);
        Parameters.Initialize(seed);
    }

    public IModelConfig Config => _sizes;
    public ParameterSet Parameters { get; } = new();
    public ISequenceMemory CreateMemory(int batch) => new TokenMemory(batch, 2 * _sizes.LayerCount); // each block looks two positions back

    public Tensor Forward(ReadOnlySpan<int> tokens, int batch, ForwardContext context, bool lastOnly = false)
    {
        using var hidden = Hidden(context.Memory is TokenMemory memory ? memory.Append(tokens) : tokens, batch, context);
        return _head.Forward(lastOnly ? hidden.LastPosition() : hidden, context);
    }

    public Tensor Loss(ReadOnlySpan<int> tokens, ReadOnlySpan<int> targets, int batch, ForwardContext context)
        => Idiolect.Tensors.Loss.CrossEntropy(Hidden(tokens, batch, context), _head.Weight, targets);

    public void Dispose() // a linear layer keeps its matrix packed, outside of the collected memory
    {
        foreach (var linear in _blocks.SelectMany(block => block.Taps).Append(_head)) { linear.Dispose(); }
        Parameters.Dispose();
    }

    private Tensor Hidden(ReadOnlySpan<int> tokens, int batch, ForwardContext context)
    {
        using var ids = context.Tape.CreateIntegers(new Shape(batch, tokens.Length / batch), tokens);
        using var stream = new ResidualStream(_embedding.Forward(ids)); // (batch, time, width)
        foreach (var (norm, taps) in _blocks)
        {
            using var x = stream.Read(norm, context); // (batch, time, width)
            var gateUp = taps[0].Forward(x, context).AddInPlace(taps[1].Forward(x.Delay(1), context)).AddInPlace(taps[2].Forward(x.Delay(2), context));
            stream.Write(gateUp.SwiGlu());
        }
        return stream.Read(_norm, context);
    }
}
