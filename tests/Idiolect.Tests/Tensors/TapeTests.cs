using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Tests.Tensors;

/// <summary>The tape on networks of a few operations, whose gradients are known by hand.</summary>
public sealed class TapeTests : IDisposable
{
    private readonly Team _team = new(1, IsaSelector.Default);
    private readonly Tape _tape;
    private readonly ParameterSet _parameters = new();
    private readonly Parameter _table; // (4, 2): embedding and, tied, the output layer
    private readonly Parameter _weight; // (2, 2)
    private readonly Parameter _gain; // (2)

    public TapeTests()
    {
        _tape = new Tape(_team);
        _table = _parameters.Add("table", new Shape(4, 2), Initializer.Zeros);
        _weight = _parameters.Add("weight", new Shape(2, 2), Initializer.Zeros);
        _gain = _parameters.Add("gain", new Shape(2), Initializer.Zeros);
        _parameters.Build();
        _table.Assign([0.5f, -1f, 0.25f, 2f, -0.75f, 0.1f, 1f, 0.3f]);
        _weight.Assign([0.4f, -0.2f, 0.7f, 0.9f]);
        _gain.Assign([1.2f, -0.7f]);
    }

    [Fact]
    public void A_tied_weight_is_announced_once_after_its_last_contribution()
    {
        var announced = new List<(string Name, float[] Gradient)>();
        _tape.GradientReady += parameter => announced.Add((parameter.Name, parameter.GradientValues.ToArray()));
        _tape.Backward(Loss());
        Assert.Equal(["weight", "table"], announced.Select(a => a.Name));
        Assert.Equal(_table.GradientValues.ToArray(), announced[1].Gradient);
    }

    [Fact]
    public void A_gradient_handed_to_both_inputs_of_a_sum_is_not_changed_by_the_dropout_of_one()
    {
        // loss(x + dropout(x W^T)): the gradient of x is dy + dropout'(dy) W, and dropout's backward pass works in place.
        _tape.Backward(Loss(dropout: 0.5f));
        var gradient = _table.GradientValues.ToArray();
        _tape.Reset();
        var original = _table.Values.ToArray();
        for (var i = 0; i < original.Length; i++)
        {
            const float Step = 1e-2f;
            var changed = original.ToArray();
            changed[i] += Step;
            _table.Assign(changed);
            var up = Loss(dropout: 0.5f).Item();
            changed[i] -= 2 * Step;
            _table.Assign(changed);
            var down = Loss(dropout: 0.5f).Item();
            _table.Assign(original);
            _tape.Reset();
            Assert.Equal((up - down) / (2 * Step), gradient[i], 1e-3);
        }
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void A_norm_that_adds_hands_the_gradients_of_the_sum_and_of_its_norm_to_both_inputs(bool useNorm, bool useSum)
    {
        _tape.Backward(Loss());
        foreach (var parameter in new[] { _table, _weight, _gain })
        {
            var gradient = parameter.GradientValues.ToArray();
            var original = parameter.Values.ToArray();
            for (var i = 0; i < original.Length; i++)
            {
                Assert.Equal((At(i, 1e-2f) - At(i, -1e-2f)) / 2e-2f, gradient[i], 1e-3);
            }

            float At(int i, float step)
            {
                var changed = original.ToArray();
                changed[i] += step;
                parameter.Assign(changed);
                var loss = Loss().Item();
                parameter.Assign(original);
                _tape.Reset();
                return loss;
            }
        }
        Assert.Equal(0, _tape.BytesInUse);

        // loss(norm(x + x W^T) + x + x W^T), or one half of it
        Tensor Loss()
        {
            using var ids = _tape.CreateIntegers(new Shape(2, 2), [0, 3, 1, 0]);
            var stream = EmbeddingOperation.Apply(_tape, ids, ids, _table, null);
            var branch = LinearOperation.Apply(_tape, stream, _weight, null);
            var normalised = RmsNormOperation.Apply(_tape, ref stream, branch, _gain, 1e-5f);
            var output = !useNorm ? stream : !useSum ? normalised : normalised.AddInPlace(stream);
            return CrossEntropyOperation.Apply(_tape, output, _table, [1, 2, 0, 3]);
        }
    }

    [Fact]
    public void A_step_without_backward_leaves_no_memory_in_use()
    {
        Loss();
        _tape.Reset();
        Assert.Equal(0, _tape.BytesInUse);
    }

    [Fact]
    public void A_backward_pass_that_copied_a_shared_gradient_leaves_no_memory_in_use()
    {
        _tape.Backward(Loss(dropout: 0.5f));
        _tape.Reset();
        Assert.Equal(0, _tape.BytesInUse);
    }

    [Fact]
    public void A_backward_pass_with_all_parameters_frozen_changes_no_gradient()
    {
        foreach (var parameter in _parameters.All)
        {
            parameter.RequiresGradient = false;
        }
        _tape.Backward(Loss());
        Assert.All(_parameters.All, parameter => Assert.All(parameter.GradientValues.ToArray(), gradient => Assert.Equal(0f, gradient)));
    }

    [Fact]
    public void A_linear_layer_refuses_rows_of_another_width()
    {
        var x = _tape.Create(new Shape(3, 5));
        var error = Assert.Throws<ArgumentException>(() => LinearOperation.Apply(_tape, x, _weight, null));
        Assert.Contains("weight has shape (2, 2)", error.Message, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        _tape.Dispose();
        _team.Dispose();
        _parameters.Dispose();
    }

    /// <summary>Four tokens, embedded, through a residual linear layer and the tied output layer.</summary>
    private Tensor Loss(float dropout = 0f)
    {
        using var ids = _tape.CreateIntegers(new Shape(2, 2), [0, 3, 1, 0]);
        using var x = EmbeddingOperation.Apply(_tape, ids, ids, _table, null);
        var branch = LinearOperation.Apply(_tape, x, _weight, null);
        if (dropout > 0)
        {
            branch = DropoutOperation.Apply(_tape, branch, dropout, key: 12345, firstSample: 0, timeMajor: false);
        }
        using var sum = branch.AddInPlace(x);
        return CrossEntropyOperation.Apply(_tape, sum, _table, [1, 2, 0, 3]);
    }
}
