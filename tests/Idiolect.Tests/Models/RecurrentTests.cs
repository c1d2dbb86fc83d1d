using Idiolect.Kernels;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Tests.Models;

/// <summary>What holds of recurrent models of every cell.</summary>
[CollectionDefinition(nameof(RecurrentTests), DisableParallelization = true)]
[Collection(nameof(RecurrentTests))]
public sealed class RecurrentTests
{
    private const int Batch = 3;
    private const int Time = 11;

    public static TheoryData<RecurrentCell> Cells => [RecurrentCell.Rnn, RecurrentCell.Lstm, RecurrentCell.Gru];

    [Theory, MemberData(nameof(Cells))]
    public void A_text_fed_in_pieces_gives_the_same_bits_as_at_once(RecurrentCell cell)
    {
        using var model = new Recurrent(Config(cell), seed: 3);
        using var tape = new Tape(recording: false);
        var tokens = Ids(Time, seed: 1);
        var atOnce = model.Forward(tokens, 1, new ForwardContext(tape)).ToArray();
        tape.Reset();
        foreach (var pieces in new int[][] { [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [4, 1, 6] })
        {
            using var state = model.CreateState(1);
            var context = new ForwardContext(tape) { Memory = state };
            var fed = new List<float>();
            foreach (var piece in pieces)
            {
                fed.AddRange(model.Forward(tokens.AsSpan(state.Length, piece), 1, context).ToArray());
                tape.Reset();
            }
            Assert.Equal(Time, state.Length);
            Assert.Equal(atOnce, fed);
        }
    }

    [Theory, MemberData(nameof(Cells))]
    public void A_sequence_has_the_same_bits_alone_and_in_a_batch_and_the_last_scores_are_the_last_of_all(RecurrentCell cell)
    {
        using var model = new Recurrent(Config(cell), seed: 3);
        using var tape = new Tape(recording: false);
        var tokens = Ids(Batch * Time, seed: 1);
        var together = model.Forward(tokens, Batch, new ForwardContext(tape)).ToArray(); // (batch, time, vocabulary)
        var alone = model.Forward(tokens.AsSpan(Time, Time), 1, new ForwardContext(tape)).ToArray();
        var last = model.Forward(tokens, Batch, new ForwardContext(tape), lastOnly: true).ToArray(); // (batch, 1, vocabulary)
        var vocabulary = model.Config.VocabularySize;
        Assert.Equal(together[(Time * vocabulary)..(2 * Time * vocabulary)], alone);
        Assert.Equal(together[((2 * Time * vocabulary) - vocabulary)..(2 * Time * vocabulary)], last[vocabulary..(2 * vocabulary)]);
    }

    [Fact]
    public void The_last_scores_alone_have_the_shape_that_other_models_give_them()
    {
        using var model = new Recurrent(Config(RecurrentCell.Lstm), seed: 3);
        using var tape = new Tape(recording: false);
        Assert.Equal(new Shape(2, 1, 37), model.Forward([1, 2, 3, 4], 2, new ForwardContext(tape), lastOnly: true).Shape);
    }

    [Theory, MemberData(nameof(Cells))]
    public void Gradients_with_dropout_agree_with_finite_differences(RecurrentCell cell)
    {
        using var model = new Recurrent(Config(cell) with { Dropout = 0.2f, TiedEmbedding = cell != RecurrentCell.Rnn }, seed: 3);
        foreach (var parameter in model.Parameters.All)
        {
            parameter.Assign([.. parameter.Values.ToArray().Select((v, i) => v + (0.3f * (float)CounterRandom.Normal(9, (ulong)i)))]);
        }
        using var tape = new Tape();
        using var start = model.CreateState(Batch);
        CounterValues(start.Values);
        ForwardBackward(model, tape, start);
        var gradients = model.Parameters.All.ToDictionary(p => p, p => p.GradientValues.ToArray());
        foreach (var (parameter, gradient) in gradients)
        {
            // Along its own gradient a loss rises by the gradient's norm.
            var norm = Goldens.Norm(gradient);
            Assert.True(norm > 0, parameter.Name);
            const float Step = 5e-3f;
            var original = parameter.Values.ToArray();
            var (up, down) = (LossAt(+Step), LossAt(-Step));
            parameter.Assign(original);
            var measured = (up - down) / (2 * Step);
            Assert.True(
                Math.Abs(measured - norm) < 2e-4 + (0.01 * norm), $"{parameter.Name}: the gradient's norm is {norm:G4}, finite differences give {measured:G4}.");

            double LossAt(float step)
            {
                parameter.Assign([.. original.Select((value, i) => value + (step * (float)(gradient[i] / norm)))]);
                CounterValues(start.Values);
                return ForwardBackward(model, tape, start);
            }
        }
    }

    [Theory, MemberData(nameof(Cells))]
    public void One_thread_and_two_give_the_same_weights_after_twenty_steps(RecurrentCell cell)
    {
        using var one = new Run(cell, threads: 1);
        using var two = new Run(cell, threads: 2);
        one.Steps(20);
        two.Steps(20);
        foreach (var (a, b) in one.Model.Parameters.All.Zip(two.Model.Parameters.All))
        {
            Assert.True(a.Values.SequenceEqual(b.Values), a.Name);
        }
    }

    [Theory, MemberData(nameof(Cells))]
    public void A_steady_step_allocates_no_managed_memory_and_gives_the_tapes_back(RecurrentCell cell)
    {
        using var run = new Run(cell, threads: 2);
        run.Steps(30);
        var reserved = run.Tape.ReservedBytes;
        var before = GC.GetAllocatedBytesForCurrentThread();
        run.Steps(20);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal((0, reserved), (run.Tape.BytesInUse, run.Tape.ReservedBytes));
    }

    [Theory, MemberData(nameof(Cells))]
    public void Every_gradient_is_announced_once_when_it_is_complete(RecurrentCell cell)
    {
        using var model = new Recurrent(Config(cell), seed: 3);
        using var tape = new Tape();
        var announced = new Dictionary<Parameter, float[]>();
        tape.GradientReady += parameter => announced.Add(parameter, parameter.GradientValues.ToArray());
        ForwardBackward(model, tape, null);
        Assert.Equal(model.Parameters.All.Count, announced.Count);
        Assert.All(announced, pair => Assert.Equal(pair.Value, pair.Key.GradientValues.ToArray()));
    }

    [Theory, MemberData(nameof(Cells))]
    public void A_frozen_parameter_gets_no_gradient_and_lets_the_others_gradients_through(RecurrentCell cell)
    {
        using var model = new Recurrent(Config(cell), seed: 3);
        using var tape = new Tape();
        ForwardBackward(model, tape, null);
        var all = model.Parameters.All.ToDictionary(p => p.Name, p => p.GradientValues.ToArray());
        model.Parameters.ZeroGradients();
        foreach (var parameter in model.Parameters.All)
        {
            parameter.RequiresGradient = parameter.Name.StartsWith("layers.0.", StringComparison.Ordinal);
        }
        ForwardBackward(model, tape, null);
        Assert.All(model.Parameters.All, p => Assert.Equal(p.RequiresGradient ? all[p.Name] : new float[p.Count], p.GradientValues.ToArray()));
    }

    [Fact]
    public void The_forget_gates_bias_is_set_and_the_others_are_zero()
    {
        using var model = new Recurrent(Config(RecurrentCell.Lstm) with { ForgetBias = 3f }, seed: 3);
        var bias = model.Parameters["layers.1.input.bias"].Values.ToArray(); // (input, forget, candidate, output) x width
        Assert.Equal(Enumerable.Range(0, 4 * 20).Select(i => i is >= 20 and < 40 ? 3f : 0f), bias);
    }

    [Theory, MemberData(nameof(Cells))]
    public void A_saved_model_is_read_back_the_same(RecurrentCell cell)
    {
        using var folder = new TemporaryFolder();
        using var model = new Recurrent(Config(cell) with { TiedEmbedding = false, Dropout = 0.1f, BeginningOfTextId = 4, ForgetBias = 0.3f }, seed: 3);
        ModelFolder.Save(model, folder["model"]);
        using var loaded = Assert.IsType<Recurrent>(ModelFolder.Load(folder["model"]));
        Assert.Equal(model.Config, loaded.Config);
        Assert.Equal(model.Config, ModelFolder.LoadConfig(folder["model"]));
        Assert.Equal(model.Parameters.Count, model.Config.ParameterCount);
        foreach (var (a, b) in model.Parameters.All.Zip(loaded.Parameters.All))
        {
            Assert.True(a.Values.SequenceEqual(b.Values), a.Name);
        }
    }

    [Theory]
    [InlineData("\"hidden_size\": 20", "\"hidden_size\": 20000", "describes")]
    [InlineData("\"hidden_size\": 20", "\"hidden_size\": 21", "describes")]
    [InlineData("\"hidden_size\": 20", "\"hidden_size\": 10", "expected")]
    [InlineData("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 0", "field num_hidden_layers: 0 must be positive")]
    [InlineData("\"vocab_size\": 37", "\"vocab_size\": \"37\"", "field vocab_size: expected a whole number")]
    [InlineData("\"lstm\"", "\"lstn\"", "\"lstn\" is not supported")]
    public void A_config_that_does_not_fit_its_weights_is_refused(string right, string wrong, string message)
    {
        using var folder = new TemporaryFolder();
        using var model = new Recurrent(Config(RecurrentCell.Lstm), seed: 3);
        ModelFolder.Save(model, folder["model"]);
        var config = Path.Combine(folder["model"], "config.json");
        var text = File.ReadAllText(config);
        Assert.Contains(right, text, StringComparison.Ordinal);
        File.WriteAllText(config, text.Replace(right, wrong, StringComparison.Ordinal));
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => ModelFolder.Load(folder["model"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_memory_of_another_model_or_batch_is_refused()
    {
        using var model = new Recurrent(Config(RecurrentCell.Lstm), seed: 3);
        using var other = new Recurrent(Config(RecurrentCell.Gru), seed: 3);
        using var gpt = new Gpt(TinyModels.Config("gpt2"));
        using var tape = new Tape(recording: false);
        foreach (var memory in new ISequenceMemory[] { other.CreateState(2), model.CreateState(1), gpt.CreateCache(2) })
        {
            using (memory)
            {
                Assert.Throws<ArgumentException>(() => model.Forward([1, 2], 2, new ForwardContext(tape) { Memory = memory }));
            }
        }
        using var state = model.CreateState(2);
        Assert.Throws<InvalidOperationException>(() => gpt.Forward([1, 2], 2, new ForwardContext(tape) { Memory = state }));
    }

    private static RecurrentConfig Config(RecurrentCell cell) => new()
    {
        Cell = cell,
        VocabularySize = 37,
        ContextLength = Time,
        LayerCount = 2,
        Width = 20,
    };

    private static int[] Ids(int count, ulong seed)
        => [.. Enumerable.Range(0, count).Select(i => (int)(CounterRandom.Uniform(seed, (ulong)i) * 37))];

    private static void CounterValues(Span<float> values)
    {
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = 0.5f * (float)CounterRandom.Normal(8, (ulong)i);
        }
    }

    private static float ForwardBackward(Recurrent model, Tape tape, RecurrentState? state)
    {
        var context = new ForwardContext(tape) { Training = true, Memory = state };
        context.SetRandomKey(seed: 5, step: 0, firstSample: 0);
        var loss = model.Loss(Ids(Batch * Time, seed: 1), Ids(Batch * Time, seed: 2), Batch, context);
        var value = loss.Item();
        tape.Backward(loss);
        tape.Reset();
        return value;
    }

    private sealed class Run : IDisposable
    {
        private readonly Team _team;
        private readonly AdamWOptimizer _optimizer;
        private readonly RecurrentState _state;
        private readonly ForwardContext _context;
        private readonly int[] _inputs = Ids(Batch * Time, seed: 1);
        private readonly int[] _targets = Ids(Batch * Time, seed: 2);
        private long _step;

        internal Run(RecurrentCell cell, int threads)
        {
            _team = new Team(threads, IsaSelector.Default);
            Tape = new Tape(_team);
            Model = new Recurrent(Config(cell) with { Dropout = 0.2f, Width = 70 }, seed: 1);
            _state = Model.CreateState(Batch);
            _context = new ForwardContext(Tape) { Training = true, Memory = _state };
            _optimizer = new AdamWOptimizer(Model.Parameters, new AdamWOptions());
            Model.Parameters.ZeroGradients();
        }

        internal Recurrent Model { get; }

        internal Tape Tape { get; }

        internal void Steps(int count)
        {
            for (var i = 0; i < count; i++)
            {
                _context.SetRandomKey(5, _step, 0);
                var loss = Model.Loss(_inputs, _targets, Batch, _context);
                Tape.Backward(loss);
                Tape.Reset();
                _optimizer.Step(new OptimizerStep(_step++, 1e-3) { Team = _team });
            }
        }

        public void Dispose()
        {
            _optimizer.Dispose();
            _state.Dispose();
            Tape.Dispose();
            _team.Dispose();
            Model.Dispose();
        }
    }
}
