using Idiolect.Models;

namespace Idiolect.Tests.Models;

public sealed class OwnershipTests
{
    private sealed class Model : IDisposable
    {
        internal bool IsGivenBack { get; private set; }

        public void Dispose() => IsGivenBack = true;
    }

    [Fact]
    public void A_model_of_which_nothing_could_be_made_is_given_back()
    {
        var model = new Model();
        Assert.Throws<InvalidDataException>(() => Ownership.HandOver<Model, int>(model, _ => throw new InvalidDataException()));
        Assert.True(model.IsGivenBack);
    }

    [Fact]
    public void A_model_that_something_holds_is_not()
    {
        var model = new Model();
        Assert.Equal(7, Ownership.HandOver(model, _ => 7));
        Assert.False(model.IsGivenBack);
    }
}
