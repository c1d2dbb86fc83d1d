using Idiolect.Kernels;
using Idiolect.Tensors;

namespace Idiolect.Tests.Tensors;

/// <summary>A gradient that was set to zero costs no write: the first product of the next step overwrites what is left of it.</summary>
public sealed unsafe class ParameterTests : IDisposable
{
    private readonly ParameterSet _set = new();
    private readonly Parameter _parameter;
    private readonly Parameter _other;

    public ParameterTests()
    {
        _parameter = _set.Add("weight", new Shape(2, 3), Initializer.Zeros);
        _other = _set.Add("other", new Shape(2), Initializer.Zeros);
        _set.Build();
    }

    [Fact]
    public void The_first_product_after_zeroing_writes_and_the_next_one_adds()
    {
        Fill(1);
        _set.ZeroGradients();
        _parameter.AddingProduct(out var first);
        _parameter.AddingProduct(out var second);
        Assert.Equal((GemmStart.Zero, GemmStart.Accumulate), (first, second));
    }

    [Fact]
    public void A_product_after_something_else_adds()
    {
        _parameter.Gradient[2] = 5;
        _parameter.AddingProduct(out var start);
        Assert.Equal(GemmStart.Accumulate, start);
    }

    [Fact]
    public void A_zeroed_gradient_reads_as_zeros_whichever_way_it_is_read()
    {
        Fill(1);
        _set.ZeroGradients();
        Assert.Equal(new float[6], _parameter.GradientValues.ToArray());
        Fill(2);
        _set.ZeroGradients();
        Assert.Equal(new float[6], new ReadOnlySpan<float>(_set.Gradients + _parameter.Offset, 6).ToArray());
        Fill(3);
        _set.ZeroGradients();
        Assert.Equal(0f, _parameter.Gradient[4]);
    }

    [Fact]
    public void Zeroing_touches_no_gradient_written_since()
    {
        _set.ZeroGradients();
        Fill(7);
        Assert.Equal([7, 7, 7, 7, 7, 7], _parameter.GradientValues.ToArray());
        Assert.Equal([0, 0], _other.GradientValues.ToArray());
    }

    [Fact]
    public void A_second_parameter_of_a_name_is_refused_and_the_others_keep_their_values()
    {
        _parameter.Assign([1, 2, 3, 4, 5, 6]);
        Fill(7);
        Assert.Throws<ArgumentException>(() => _set.Extend("other", new Shape(4), Initializer.Ones, seed: 1));
        Assert.Equal([1, 2, 3, 4, 5, 6], _parameter.Values.ToArray());
        Assert.Equal([7, 7, 7, 7, 7, 7], _parameter.GradientValues.ToArray());
    }

    [Fact]
    public void An_added_parameter_leaves_the_others_their_values_and_takes_their_gradients()
    {
        _parameter.Assign([1, 2, 3, 4, 5, 6]);
        _other.Assign([8, 9]);
        Fill(7);
        var added = _set.Extend("added", new Shape(17), Initializer.Ones, seed: 1);
        Assert.Equal([1, 2, 3, 4, 5, 6], _parameter.Values.ToArray());
        Assert.Equal([8, 9], _other.Values.ToArray());
        Assert.Equal(Enumerable.Repeat(1f, 17), added.Values.ToArray());
        Assert.Equal(new float[6], _parameter.GradientValues.ToArray());
        Assert.Equal((25, 64), (_set.Count, _set.FlatLength)); // lines of 16
    }

    public void Dispose() => _set.Dispose();

    private void Fill(float value) => new Span<float>(_parameter.Gradient, 6).Fill(value);
}
