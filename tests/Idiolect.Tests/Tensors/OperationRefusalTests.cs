using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Tests.Tensors;

/// <summary>What does not fit is refused before any memory is read: shapes, tapes, handles that have ended, layers and tables that were disposed.</summary>
public sealed class OperationRefusalTests : IDisposable
{
    private readonly Tape _tape = new();
    private readonly Tape _other = new();
    private readonly ParameterSet _parameters = new();

    public OperationRefusalTests()
    {
        foreach (var width in new[] { 3, 4, 5, 6, 8, 12 })
        {
            _parameters.Root.Add($"vector.{width}", new Shape(width), Initializer.Ones);
            _parameters.Root.Add($"matrix.{width}", new Shape(5, width), Initializer.Normal(1));
        }
        _parameters.Root.Add("cube", new Shape(5, 4, 1), Initializer.Normal(1));
        _parameters.Initialize(1);
    }

    public static TheoryData<string> Misfits => [.. Cases.Keys];

    private static Dictionary<string, Action<OperationRefusalTests>> Cases { get; } = new()
    {
        ["gain of a layer norm"] = t => t.X(2, 3, 8).LayerNorm(t.Vector(4)),
        ["bias of a layer norm"] = t => t.X(2, 3, 8).LayerNorm(t.Vector(8), t.Vector(4)),
        ["gain of an RMS norm"] = t => t.X(2, 3, 8).RmsNorm(t.Vector(4)),
        ["width of a norm"] = t => new Norm(NewScope(out var set), NormKind.LayerNorm, 4).Forward(t.X(2, 3, 8), t.Ready(set)),
        ["bias of a linear layer"] = t => t.X(2, 4).Linear(t.Matrix(4), t.Vector(4)),
        ["weight of a linear layer"] = t => t.X(2, 4).Linear(t._parameters["cube"]),
        ["input of a linear layer"] = t => t.X(2, 8).Linear(t.Matrix(4)),
        ["positions of an embedding"] = t => t.Ids(2, 3).Embed(t.Matrix(4), t.Ids(1, 3), t.Matrix(4)),
        ["width of a position table"] = t => t.Ids(2, 3).Embed(t.Matrix(4), t.Ids(2, 3), t.Matrix(8)),
        ["table of an embedding"] = t => t.Ids(2, 3).Embed(t.Vector(8)),
        ["what is written to a stream"] = t =>
        {
            var norm = new Norm(NewScope(out var set), NormKind.RmsNorm, 4);
            var context = t.Ready(set);
            using var stream = new ResidualStream(t.X(2, 3, 4));
            stream.Write(t.X(1, 1, 4));
            stream.Read(norm, context);
        },
        ["what another tape writes to a stream"] = t =>
        {
            var norm = new Norm(NewScope(out var set), NormKind.LayerNorm, 4);
            var context = t.Ready(set);
            using var stream = new ResidualStream(t.X(2, 3, 4));
            stream.Write(t._other.CreateZeros(new Shape(2, 3, 4)));
            stream.Read(norm, context);
        },
        ["lengths of means"] = t => t.X(2, 3, 4).MeanPositions(t.Integers(1)),
        ["rows for means"] = t => t.X(2, 4).MeanPositions(t.Integers(1, 1)),
        ["width of sinusoidal positions"] = t => t.X(2, 3, 4).EncodePositionsInPlace(Table(8), t.Ids(2, 3)),
        ["count of sinusoidal positions"] = t => t.X(2, 3, 4).EncodePositionsInPlace(Table(4), t.Ids(1, 3)),
        ["count of rotary positions"] = t => t.X(2, 3, 8).RotateInPlace(2, Rotary(4), t.Ids(1, 3)),
        ["tape of rotary positions"] = t => t.X(2, 3, 8).RotateInPlace(2, Rotary(4), t._other.CreateIntegers(new Shape(2, 3), 0)),
        ["heads of an attention"] = t => t.X(2, 3, 8).Attend(3),
        ["width of a mix"] = t =>
        {
            using var layer = new SelfAttention(NewScope(out var set), new SelfAttentionConfig { Width = 8, HeadCount = 2, KeyValueHeadCount = 2, HeadSize = 4 });
            layer.Mix(t.X(2, 3, 12), t.Ready(set));
        },
        ["halves of a SwiGLU"] = t => t.X(2, 3).SwiGlu(),
        ["rank of a transposition"] = t => t.X(2, 3).Transpose(),
        ["rank of a last step"] = t => t.X(2, 3).LastStep(),
        ["bias of a cross-entropy"] = t => Loss.CrossEntropy(t.X(2, 4), t.Matrix(4), [1, 2], bias: t.Vector(4)),
        ["bias of log-probabilities"] = t => Loss.TokenLogProbabilities(t.X(2, 4), t.Matrix(4), [1, 2], bias: t.Vector(4)),
        ["weights of a squared error"] = t => Loss.SquaredError(t.X(2, 1), [0, 0], [1, -1]),
        ["tape of a linear layer"] = t =>
        {
            using var layer = new Linear(NewScope(out var set), 4, 4);
            layer.Forward(t._other.CreateZeros(new Shape(2, 4)), t.Ready(set));
        },
        ["tape of an attention"] = t =>
        {
            using var layer = new SelfAttention(NewScope(out var set), new SelfAttentionConfig { Width = 8, HeadCount = 2, KeyValueHeadCount = 2, HeadSize = 4 });
            layer.Forward(t._other.CreateZeros(new Shape(2, 3, 8)), t.Ids(2, 3), t.Ready(set));
        },
        ["tape of a recurrent state"] = t =>
        {
            using var layer = new RecurrentLayer(NewScope(out var set), new RecurrentLayerConfig { Cell = RecurrentCell.Gru, Inputs = 4, Width = 3 });
            layer.Forward(t.X(2, 1, 4), t._other.CreateZeros(new Shape(1, 3)), null, t.Ready(set));
        },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void What_does_not_fit_is_refused(string what) => Assert.ThrowsAny<ArgumentException>(() => Cases[what](this));

    [Fact]
    public void A_handle_that_ended_is_refused_whatever_is_asked_of_it()
    {
        Ended(x => x.RotateInPlace(2, Rotary(4), Ids(1, 2)), 1, 2, 8);
        Ended(x => Loss.CrossEntropy(x, Matrix(4), [1, 2]), 2, 4);
        Ended(x => Loss.TokenLogProbabilities(x, Matrix(4), [1, 2]).LogProbabilities, 2, 4);
        foreach (var use in new Func<Tensor, Tensor>[] { x => x.Add(x), x => x.Scale(2), x => x.Sum() })
        {
            var loss = Loss.CrossEntropy(X(2, 4), Matrix(4), [1, 2]);
            loss.Dispose();
            Assert.Throws<InvalidOperationException>(() => use(loss));
            Assert.Throws<InvalidOperationException>(() => _tape.Backward(loss));
        }
    }

    [Fact]
    public void A_handle_ends_in_place_also_where_an_operation_keeps_its_values()
    {
        var x = X(2, 4).Linear(Matrix(4)); // needs a gradient, so that its users keep it
        using var kept = x.Gelu();
        var sum = x.AddInPlace(X(2, 5));
        Assert.Throws<InvalidOperationException>(() => x.ToArray());
        Assert.Equal(10, sum.ToArray().Length);
    }

    [Fact]
    public void What_was_disposed_is_refused()
    {
        var table = Table(4);
        table.Dispose();
        Assert.Throws<ObjectDisposedException>(() => X(1, 2, 4).EncodePositionsInPlace(table, Ids(1, 2)));
        var rotary = Rotary(4);
        rotary.Dispose();
        Assert.Throws<ObjectDisposedException>(() => X(1, 2, 8).RotateInPlace(2, rotary, Ids(1, 2)));
        using var still = new Tape(recording: false);
        var layer = new Linear(Matrix(4));
        layer.Dispose();
        Assert.Throws<ObjectDisposedException>(() => layer.Forward(still.CreateZeros(new Shape(1, 4)), new ForwardContext(still)));
    }

    [Fact]
    public void A_cache_takes_the_positions_that_it_was_told_of()
    {
        using var still = new Tape(recording: false);
        using var cache = new KeyValueCache(1, 1, 2, 4, 16);
        cache.Begin(2);
        Assert.Throws<InvalidOperationException>(() => still.CreateZeros(new Shape(1, 3, 24)).Attend(2, cache));
        Assert.Equal(16, still.CreateZeros(new Shape(1, 2, 24)).Attend(2, cache).ToArray().Length);
    }

    [Fact]
    public void Parameters_without_memory_say_so()
    {
        using var parameters = new ParameterSet();
        var weight = parameters.Root.Add("weight", new Shape(1000), Initializer.Ones);
        Assert.Throws<InvalidOperationException>(() => weight.Values.Length);
        Assert.Throws<InvalidOperationException>(() => weight.GradientValues.Length);
        Assert.Throws<InvalidOperationException>(() => weight.MutableGradient.Length);
        parameters.Initialize(1);
        Assert.Equal(1000, weight.GradientValues.Length);
        Assert.Equal(1f, weight.Values[999]);
    }

    [Fact]
    public void A_step_goes_back_once()
    {
        var x = X(2, 4);
        var (first, second) = (Loss.CrossEntropy(x, Matrix(4), [1, 2]), Loss.SquaredError(x.Linear(Matrix(4)), new float[10]));
        _tape.Backward(first);
        Assert.Throws<InvalidOperationException>(() => _tape.Backward(second));
        _tape.Reset();
        _tape.Backward(Loss.SquaredError(X(2, 4).Linear(Matrix(4)), new float[10]));
    }

    [Fact]
    public void What_learns_is_settled_before_a_step()
    {
        var weight = Matrix(4);
        weight.RequiresGradient = false;
        var loss = Loss.SquaredError(X(2, 4).Linear(weight, Vector(5)), new float[10]);
        weight.RequiresGradient = true;
        Assert.Throws<InvalidOperationException>(() => _tape.Backward(loss));
    }

    [Fact]
    public void An_optimiser_refuses_a_model_that_has_grown()
    {
        using var model = new Gpt(new GptConfig { VocabularySize = 11, ContextLength = 8, LayerCount = 1, HeadCount = 2, Width = 8 }, seed: 3);
        using var optimizer = new AdamWOptimizer(model.Parameters, new AdamWOptions());
        using var classifier = new Classifier(model, ["a", "b"], seed: 1);
        Assert.Throws<InvalidOperationException>(() => optimizer.Step(new OptimizerStep(0, 1e-3)));
    }

    public void Dispose()
    {
        _tape.Dispose();
        _other.Dispose();
        _parameters.Dispose();
    }

    private void Ended(Func<Tensor, Tensor> use, params int[] sizes)
    {
        var x = X(sizes);
        x.Dispose();
        Assert.Throws<InvalidOperationException>(() => use(x));
    }

    private Tensor X(params int[] sizes) => _tape.CreateZeros(sizes.Length == 3 ? new Shape(sizes[0], sizes[1], sizes[2]) : new Shape(sizes[0], sizes[1]));

    private IntegerTensor Ids(int batch, int time) => _tape.CreateIntegers(new Shape(batch, time), 1);

    private IntegerTensor Integers(params int[] values) => _tape.CreateIntegers(new Shape(values.Length), values);

    private Parameter Vector(int width) => _parameters[$"vector.{width}"];

    private Parameter Matrix(int width) => _parameters[$"matrix.{width}"];

    private static PositionTable Table(int width) => new(8, width);

    private static RotaryTable Rotary(int headSize) => new(8, headSize);

    private static ParameterScope NewScope(out ParameterSet set)
    {
        set = new ParameterSet();
        return set.Root;
    }

    private ForwardContext Ready(ParameterSet set)
    {
        set.Initialize(1);
        return new ForwardContext(_tape);
    }
}
