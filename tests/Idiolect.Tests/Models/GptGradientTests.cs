using Idiolect.Kernels;
using Idiolect.Models;
using Idiolect.Tensors;

namespace Idiolect.Tests.Models;

/// <summary>Gradients of whole models where the goldens do not reach: with dropout, frozen parameters and several passes.</summary>
public sealed class GptGradientTests
{
    public static TheoryData<string> Models => TinyModels.Names;

    [Theory, MemberData(nameof(Models))]
    public void Gradients_with_dropout_agree_with_finite_differences(string name)
    {
        using var model = new Gpt(TinyModels.Config(name, dropout: 0.2f));
        TinyModels.Roughen(model);
        using var team = new Team(1, IsaSelector.Default);
        using var tape = new Tape(team);
        TinyModels.ForwardBackward(model, tape);
        var gradients = model.Parameters.All.ToDictionary(p => p, p => p.GradientValues.ToArray());
        foreach (var (parameter, gradient) in gradients)
        {
            // Along its own gradient a loss rises by the gradient's norm.
            var norm = Goldens.Norm(gradient);
            const float Step = 5e-3f;
            var original = parameter.Values.ToArray();
            var up = LossAt(+Step);
            var down = LossAt(-Step);
            parameter.Assign(original);
            var measured = (up - down) / (2 * Step);
            Assert.True(
                Math.Abs(measured - norm) < 2e-4 + (0.01 * norm), $"{parameter.Name}: the gradient's norm is {norm:G4}, finite differences give {measured:G4}.");

            double LossAt(float step)
            {
                parameter.Assign([.. original.Select((value, i) => value + (step * (float)(gradient[i] / Math.Max(norm, 1e-9))))]);
                return TinyModels.ForwardBackward(model, tape);
            }
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Gradients_of_two_backward_passes_add_up(string name)
    {
        using var model = new Gpt(TinyModels.Config(name));
        using var team = new Team(1, IsaSelector.Default);
        using var tape = new Tape(team);
        TinyModels.ForwardBackward(model, tape);
        var once = model.Parameters.All.Select(p => p.GradientValues.ToArray()).ToArray();
        TinyModels.ForwardBackward(model, tape);
        foreach (var (parameter, first) in model.Parameters.All.Zip(once))
        {
            var twice = parameter.GradientValues.ToArray();
            var expected = Array.ConvertAll(first, g => 2 * g);
            Assert.True(Goldens.Distance(twice, expected) <= 1e-6 * Goldens.Norm(expected), parameter.Name);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void A_frozen_parameter_gets_no_gradient_and_lets_the_others_gradients_through(string name)
    {
        using var model = new Gpt(TinyModels.Config(name, dropout: 0.2f));
        using var team = new Team(1, IsaSelector.Default);
        using var tape = new Tape(team);
        TinyModels.ForwardBackward(model, tape);
        var all = model.Parameters.All.ToDictionary(p => p.Name, p => p.GradientValues.ToArray());
        model.Parameters.ZeroGradients();
        // Everything but the first layer is frozen: its gradients come through all that lies above.
        foreach (var parameter in model.Parameters.All)
        {
            parameter.RequiresGradient = parameter.Name.StartsWith("layers.0.", StringComparison.Ordinal);
        }
        TinyModels.ForwardBackward(model, tape);
        foreach (var parameter in model.Parameters.All)
        {
            var expected = parameter.RequiresGradient ? all[parameter.Name] : new float[parameter.Count];
            Assert.True(parameter.GradientValues.SequenceEqual(expected), parameter.Name);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void Every_gradient_is_announced_once_when_it_is_complete(string name)
    {
        using var model = new Gpt(TinyModels.Config(name));
        using var team = new Team(1, IsaSelector.Default);
        using var tape = new Tape(team);
        var announced = new Dictionary<Parameter, float[]>();
        tape.GradientReady += parameter => announced.Add(parameter, parameter.GradientValues.ToArray());
        TinyModels.ForwardBackward(model, tape);
        Assert.Equal(model.Parameters.All.Count, announced.Count);
        foreach (var (parameter, gradient) in announced)
        {
            Assert.True(parameter.GradientValues.SequenceEqual(gradient), $"{parameter.Name} changed after it was announced.");
        }
    }

    [Fact]
    public void A_model_with_all_parameters_frozen_has_a_loss_and_no_gradients()
    {
        using var model = new Gpt(TinyModels.Config("llama", dropout: 0.2f));
        foreach (var parameter in model.Parameters.All)
        {
            parameter.RequiresGradient = false;
        }
        using var team = new Team(1, IsaSelector.Default);
        using var tape = new Tape(team);
        Assert.InRange(TinyModels.ForwardBackward(model, tape), 3, 4); // ln(37) = 3.61
        Assert.All(model.Parameters.All, p => Assert.Equal(-1, p.GradientValues.IndexOfAnyExcept(0f)));
    }

    [Theory, MemberData(nameof(Models))]
    public void A_step_with_dropout_gives_all_memory_back(string name)
    {
        using var model = new Gpt(TinyModels.Config(name, dropout: 0.2f));
        using var team = new Team(1, IsaSelector.Default);
        using var tape = new Tape(team);
        TinyModels.ForwardBackward(model, tape);
        Assert.Equal(0, tape.BytesInUse);
    }
}
