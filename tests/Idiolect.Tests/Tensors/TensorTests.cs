using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Tests.Tensors;

public sealed class TensorTests : IDisposable
{
    private readonly Team _team = new(1, IsaSelector.Default);
    private readonly Tape _tape;

    public TensorTests() => _tape = new Tape(_team);

    [Fact]
    public void Using_a_tensor_after_its_step_throws()
    {
        var tensor = _tape.Create(new Shape(2, 3));
        _tape.Reset();
        Assert.Throws<InvalidOperationException>(() => tensor.Shape);
    }

    [Fact]
    public void A_handle_of_an_old_step_does_not_reach_the_new_steps_tensor()
    {
        var old = _tape.Create(new Shape(1));
        _tape.Reset();
        _tape.Create(new Shape(1));
        Assert.Throws<InvalidOperationException>(() => old.Item());
    }

    [Fact]
    public void Reading_a_tensor_after_Dispose_throws()
    {
        var tensor = _tape.Create(new Shape(1));
        tensor.Dispose();
        Assert.Throws<InvalidOperationException>(() => tensor.Item());
    }

    [Fact]
    public void A_tensor_that_was_never_made_throws() => Assert.Throws<InvalidOperationException>(() => default(Tensor).Shape);

    [Fact]
    public void Disposing_a_tensor_after_its_step_leaves_the_new_steps_tensor_alone()
    {
        var old = _tape.Create(new Shape(100));
        _tape.Reset();
        _tape.Create(new Shape(100));
        old.Dispose();
        Assert.Equal(448, _tape.BytesInUse); // 100 floats in lines of 16
    }

    [Fact]
    public void Disposing_a_tensor_that_was_never_made_does_nothing() => default(Tensor).Dispose();

    [Fact]
    public void Item_of_several_elements_throws_and_names_the_shape()
    {
        var tensor = _tape.Create(new Shape(2, 3));
        var error = Assert.Throws<InvalidOperationException>(() => tensor.Item());
        Assert.Contains("(2, 3)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dispose_twice_gives_memory_back_once()
    {
        var first = _tape.Create(new Shape(100));
        using var second = _tape.Create(new Shape(100));
        first.Dispose();
        first.Dispose();
        Assert.Equal(448, _tape.BytesInUse); // 100 floats in lines of 16
    }

    [Fact]
    public void Consuming_a_tensor_that_nobody_else_needs_reuses_its_memory()
    {
        var consumed = _tape.Create(new Shape(100));
        _tape.CreateConsuming(consumed, needsGradient: false);
        Assert.Equal(448, _tape.BytesInUse);
    }

    [Fact]
    public void Integers_are_kept_bit_for_bit()
    {
        var tensor = _tape.CreateIntegers(new Shape(3), [int.MinValue, -1, int.MaxValue]);
        Assert.Equal([int.MinValue, -1, int.MaxValue], Array.ConvertAll(tensor.Data.ToArray(), BitConverter.SingleToInt32Bits));
        Assert.Equal((int.MinValue, int.MaxValue), (tensor.Minimum, tensor.Maximum));
    }

    [Fact]
    public void Integers_that_do_not_fill_the_shape_are_refused()
        => Assert.Throws<ArgumentException>(() => _tape.CreateIntegers(new Shape(3), [1, 2]));

    [Fact]
    public void Backward_from_several_elements_throws()
    {
        var tensor = _tape.Create(new Shape(2));
        Assert.Throws<ArgumentException>(() => _tape.Backward(tensor));
    }

    [Fact]
    public void Backward_from_the_loss_of_another_tape_throws()
    {
        using var other = new Tape(_team);
        var loss = other.Create(new Shape(1), needsGradient: true);
        Assert.Throws<ArgumentException>("loss", () => _tape.Backward(loss));
    }

    [Fact]
    public void Backward_on_a_tape_that_does_not_record_throws()
    {
        using var silent = new Tape(_team, recording: false);
        var tensor = silent.Create(new Shape(1));
        Assert.Throws<InvalidOperationException>(() => silent.Backward(tensor));
    }

    public void Dispose()
    {
        _tape.Dispose();
        _team.Dispose();
    }
}
