namespace Idiolect.Lab;

/// <summary>Curves through points.</summary>
internal static class Fit
{
    /// <summary>The exponent b of y = a x^b: the least-squares slope of log y over log x.</summary>
    internal static double Exponent(double[] x, double[] y)
        => MathNet.Numerics.Fit.Line(Array.ConvertAll(x, Math.Log), Array.ConvertAll(y, Math.Log)).B;
}
