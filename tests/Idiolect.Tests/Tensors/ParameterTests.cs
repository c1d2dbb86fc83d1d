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

    public void Dispose() => _set.Dispose();

    private void Fill(float value) => new Span<float>(_parameter.Gradient, 6).Fill(value);
}
