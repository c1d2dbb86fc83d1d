namespace Idiolect.Models;

/// <summary>Who gives a model's memory back.</summary>
internal static class Ownership
{
    /// <summary>Makes something of a model that nobody else holds yet; if that fails, the model's memory is given back.</summary>
    internal static TResult HandOver<TModel, TResult>(TModel model, Func<TModel, TResult> make)
        where TModel : IDisposable
    {
        try
        {
            return make(model);
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }
}
