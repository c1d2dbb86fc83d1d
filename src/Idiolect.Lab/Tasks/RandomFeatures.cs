using MathNet.Numerics.LinearAlgebra;

namespace Idiolect.Lab.Tasks;

/// <summary>
/// Regression on random ReLU features (Rahimi and Recht 2007): only the last layer is learnt, by least squares; where there are more
/// features than examples, by the solution of least norm.
/// </summary>
internal sealed class RandomFeatures
{
    private readonly Matrix<double> _train; // (examples, inputs)
    private readonly Matrix<double> _test; // (tests, inputs)
    private readonly Vector<double> _trainTargets;
    private readonly Vector<double> _testTargets;
    private readonly Random _random;

    /// <summary>A linear teacher; noise on the training targets only.</summary>
    internal RandomFeatures(int examples, int inputs, int tests, double noise, Random random)
    {
        _random = random;
        var teacher = Normal(inputs, 1).Column(0).Normalize(2);
        (_train, _test) = (Normal(examples, inputs), Normal(tests, inputs));
        _trainTargets = (_train * teacher) + (noise * Normal(examples, 1).Column(0));
        _testTargets = _test * teacher;
    }

    /// <summary>The mean squared errors on the training and the test examples.</summary>
    /// <param name="features">How many features.</param>
    /// <param name="ridge">The weight of the squared norm; 0 for none.</param>
    internal (double Train, double Test) Solve(int features, double ridge)
    {
        var projection = Normal(_train.ColumnCount, features);
        Matrix<double> Features(Matrix<double> x) => (x * projection).PointwiseMaximum(0) / Math.Sqrt(features);
        var phi = Features(_train);
        Vector<double> weights;
        if (ridge > 0 || features > _train.RowCount)
        {
            var kernel = phi.TransposeAndMultiply(phi); // (examples, examples)
            kernel.SetDiagonal(kernel.Diagonal() + ridge);
            weights = phi.TransposeThisAndMultiply(kernel.Solve(_trainTargets));
        }
        else
        {
            weights = phi.QR().Solve(_trainTargets);
        }
        return (MeanSquare((phi * weights) - _trainTargets), MeanSquare((Features(_test) * weights) - _testTargets));
    }

    private static double MeanSquare(Vector<double> errors) => errors.DotProduct(errors) / errors.Count;

    private Matrix<double> Normal(int rows, int columns) => Matrix<double>.Build.Dense(
        rows, columns, (_, _) => Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble()));
}
