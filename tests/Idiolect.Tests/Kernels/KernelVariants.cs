using System.Runtime.Intrinsics;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

/// <summary>
/// A team of one thread and a team of two for each instruction set. Where .NET's switches take the registers away, wider ones are left out:
/// they are compiled to the same loops over the narrow ones, slowly, and the first run has tested them.
/// </summary>
internal sealed class KernelVariants : IDisposable
{
    private readonly (Team One, Team Two)[] _teams
        = [.. IsaSelector.All.Where(IsTested).Select(isa => (new Team(1, isa), new Team(2, isa)))];

    internal IEnumerable<Team> All => _teams.SelectMany(pair => new[] { pair.One, pair.Two });

    /// <summary>
    /// Runs a kernel on every variant: its result must be within <paramref name="tolerance"/> * (1 + |expected|) of the
    /// reference (or NaN, where that is) and have the same bits on one thread and on two.
    /// </summary>
    internal void Check(double[] expected, double tolerance, Func<Team, float[]> kernel) => Check(_ => expected, tolerance, kernel);

    /// <summary>The same with a reference for each variant.</summary>
    internal void Check(Func<Team, double[]> expected, double tolerance, Func<Team, float[]> kernel)
    {
        foreach (var (one, two) in _teams)
        {
            var actual = kernel(one);
            AssertClose(expected(one), actual, tolerance, one.Isa);
            var onTwoThreads = kernel(two);
            Assert.True(
                actual.AsSpan().SequenceEqual(onTwoThreads, BitComparer.Instance),
                $"{one.Isa}: one thread and two give different bits.");
        }
    }

    public void Dispose()
    {
        foreach (var team in All)
        {
            team.Dispose();
        }
    }

    private static bool IsTested(Isa isa) => isa switch
    {
        Isa.Vector512 => Vector256.IsHardwareAccelerated,
        Isa.Vector256 => Vector128.IsHardwareAccelerated,
        _ => true,
    };

    private static void AssertClose(ReadOnlySpan<double> expected, ReadOnlySpan<float> actual, double tolerance, Isa isa)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (var i = 0; i < actual.Length; i++)
        {
            var error = Math.Abs(actual[i] - expected[i]);
            Assert.True(
                double.IsNaN(expected[i]) ? float.IsNaN(actual[i]) : error <= tolerance * (1 + Math.Abs(expected[i])),
                $"{isa}: element {i} of {actual.Length} is {actual[i]:R}, expected {expected[i]:R}.");
        }
    }

    private sealed class BitComparer : IEqualityComparer<float>
    {
        internal static readonly BitComparer Instance = new();

        public bool Equals(float x, float y) => BitConverter.SingleToUInt32Bits(x) == BitConverter.SingleToUInt32Bits(y);

        public int GetHashCode(float value) => value.GetHashCode();
    }
}
