using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

/// <summary>Each operation of each instruction set, through jobs of one part.</summary>
public sealed unsafe class SimdTests
{
    private static readonly float[] Values = RandomValues.Normal(1, 16, scale: 3);

    [Fact]
    public void Exp_is_accurate_over_its_whole_range()
    {
        using var variants = new KernelVariants();
        var arguments = Enumerable.Range(0, 16 * 1100).Select(i => -87.3f + (i * 0.00997f)).ToArray(); // up to 88.2
        foreach (var team in variants.All)
        {
            using var x = new NativeBuffer<float>(arguments);
            using var y = new NativeBuffer<float>(arguments.Length);
            team.Run(new UnaryJob<Exponential> { X = x, Y = y, Count = arguments.Length }, 1);
            for (var i = 0; i < arguments.Length; i++)
            {
                Assert.InRange(y.Span[i] / Math.Exp(arguments[i]), 1 - 2.5e-7, 1 + 2.5e-7);
            }
        }
    }

    [Fact]
    public void Tanh_is_accurate_near_zero_and_far_from_it()
    {
        float[] arguments = [.. Enumerable.Range(0, 16 * 200).Select(i => (i % 2 == 0 ? 1 : -1) * MathF.Pow(10, (i / 500f) - 5f))];
        using var x = new NativeBuffer<float>(arguments);
        using var y = new NativeBuffer<float>(arguments.Length);
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            team.Run(new UnaryJob<Tangent> { X = x, Y = y, Count = arguments.Length }, 1);
            for (var i = 0; i < arguments.Length; i++)
            {
                Assert.InRange(y.Span[i] / Math.Tanh(arguments[i]), 1 - 2.5e-7, 1 + 2.5e-7);
            }
        }
    }

    [Fact]
    public void Tanh_of_large_arguments_is_one_and_of_NaN_is_NaN()
    {
        float[] arguments = [1000, -1000, float.PositiveInfinity, float.NegativeInfinity, float.NaN, 0, .. new float[10]];
        using var x = new NativeBuffer<float>(arguments);
        using var y = new NativeBuffer<float>(16);
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            team.Run(new UnaryJob<Tangent> { X = x, Y = y, Count = 16 }, 1);
            Assert.Equal([1, -1, 1, -1, float.NaN, 0], y.ToArray()[..6]);
        }
    }

    [Fact]
    public void Exp_beyond_its_range_stays_finite_and_NaN_stays_NaN()
    {
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            float[] arguments = [float.NegativeInfinity, -1000, 1000, float.PositiveInfinity, float.NaN, .. new float[11]];
            using var x = new NativeBuffer<float>(arguments);
            using var y = new NativeBuffer<float>(16);
            team.Run(new UnaryJob<Exponential> { X = x, Y = y, Count = 16 }, 1);
            Assert.All(y.ToArray()[..2], value => Assert.InRange(value, 0, 1.3e-38f));
            Assert.All(y.ToArray()[2..4], value => Assert.InRange(value, 1e38f, float.MaxValue));
            Assert.True(float.IsNaN(y.Span[4]));
            Assert.Equal(1f, y.Span[5]);
        }
    }

    [Fact]
    public void Powers_of_two_are_accurate_and_exact_at_zero_and_NaN_stays_NaN()
    {
        float[] arguments =
            [.. Enumerable.Range(0, 16 * 1000).Select(i => -126f + (i * 0.0158f)), 0, -1, -1000, float.NegativeInfinity, float.NaN, .. new float[11]];
        using var x = new NativeBuffer<float>(arguments);
        using var y = new NativeBuffer<float>(arguments.Length);
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            team.Run(new UnaryJob<Power> { X = x, Y = y, Count = arguments.Length }, 1);
            for (var i = 0; i < 16 * 1000; i++)
            {
                Assert.InRange(y.Span[i] / Math.Pow(2, arguments[i]), 1 - 2.5e-7, 1 + 2.5e-7);
            }
            var special = y.ToArray()[(16 * 1000)..];
            Assert.Equal([1, 0.5f], special[..2]);
            Assert.All(special[2..4], value => Assert.InRange(value, 0, 1.2e-38f));
            Assert.True(float.IsNaN(special[4]));
        }
    }

    [Fact]
    public void The_logistic_function_is_accurate_and_its_tails_end_above_zero_and_NaN_stays_NaN()
    {
        float[] arguments = [.. Enumerable.Range(0, 16 * 1000).Select(i => -80f + (i * 0.0103f)), 0, 1000, -1000, float.NegativeInfinity, float.NaN, .. new float[11]];
        using var x = new NativeBuffer<float>(arguments);
        using var y = new NativeBuffer<float>(arguments.Length);
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            team.Run(new UnaryJob<Logistic> { X = x, Y = y, Count = arguments.Length }, 1);
            for (var i = 0; i < 16 * 1000; i++)
            {
                var tolerance = 3e-7 + (Math.Max(0, -arguments[i]) * 1.2e-7);
                Assert.InRange(y.Span[i] * (1 + Math.Exp(-arguments[i])), 1 - tolerance, 1 + tolerance);
            }
            var special = y.ToArray()[(16 * 1000)..];
            Assert.Equal([0.5f, 1], special[..2]);
            Assert.All(special[2..4], value => Assert.InRange(value, 1e-38f, 1.2e-38f));
            Assert.True(float.IsNaN(special[4]));
        }
    }

    [Fact]
    public void Partial_loads_and_stores_touch_only_what_they_should()
    {
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            var lanes = Lanes(team);
            for (var count = 0; count <= lanes; count++)
            {
                using var x = new NativeBuffer<float>(Values.AsSpan(0, count)); // reads beyond would meet the guard
                using var loaded = new NativeBuffer<float>(lanes);
                using var stored = new NativeBuffer<float>(count); // writes beyond would break the guard
                team.Run(new PartialJob { X = x, Loaded = loaded, Stored = stored, Count = count }, 1);
                Assert.Equal([.. Values[..count], .. new float[lanes - count]], loaded.ToArray());
                Assert.Equal(Values[..count], stored.ToArray());
            }
        }
    }

    [Fact]
    public void Sum_and_maximum_take_every_lane()
    {
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            var lanes = Lanes(team);
            for (var largest = 0; largest < lanes; largest++)
            {
                var values = Values[..lanes];
                values[largest] = 100 + largest;
                using var x = new NativeBuffer<float>(values);
                using var y = new NativeBuffer<float>(2);
                team.Run(new AcrossJob { X = x, Y = y }, 1);
                Assert.Equal(values.Sum(value => (double)value), y.Span[0], 1e-4);
                Assert.Equal(100 + largest, y.Span[1]);
            }
        }
    }

    [Fact]
    public void Keep_is_the_hash_of_CounterRandom_also_where_the_index_wraps()
    {
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            foreach (var index in new[] { 0u, 1u, 12345u, uint.MaxValue - 5 })
            {
                foreach (var threshold in new[] { 0u, 1u << 30, 1u << 31, 0xE000_0000u })
                {
                    using var y = new NativeBuffer<float>(Lanes(team));
                    team.Run(new KeepJob { Y = y, Index = index, Threshold = threshold }, 1);
                    for (var i = 0u; i < y.Length; i++)
                    {
                        var kept = CounterRandom.Hash(KeepJob.Key0, KeepJob.Key1, unchecked(index + i)) >= threshold;
                        Assert.Equal(kept ? 1f : 0f, y.Span[(int)i]);
                    }
                }
            }
        }
    }

    [Fact]
    public void Keep_with_a_key_for_each_lane_is_the_same_hash()
    {
        uint[] keys = [.. Enumerable.Range(1, 32).Select(i => CounterRandom.Hash(7, 9, (uint)i))];
        using var variants = new KernelVariants();
        foreach (var team in variants.All)
        {
            using var buffer = new NativeBuffer<uint>(keys);
            using var y = new NativeBuffer<float>(Lanes(team));
            team.Run(new KeepLanesJob { Y = y, Keys = buffer, Index = 12345, Threshold = 1u << 31 }, 1);
            for (var i = 0; i < y.Length; i++)
            {
                Assert.Equal(CounterRandom.Hash(keys[i], keys[i + 16], 12345) >= 1u << 31 ? 1f : 0f, y.Span[i]);
            }
        }
    }

    private static int Lanes(Team team)
    {
        using var lanes = new NativeBuffer<int>(1);
        team.Run(new CountJob { Count = lanes }, 1);
        return lanes.Span[0];
    }

    private struct CountJob : IJob
    {
        internal int* Count;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
            => *Count = S.Count;
    }

    private struct UnaryJob<TOperator> : IJob
        where TOperator : struct, IUnaryOperator
    {
        internal float* X; // (count), a multiple of 16
        internal float* Y; // (count)
        internal int Count;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            for (var i = 0; i < Count; i += S.Count)
            {
                S.Store(Y + i, TOperator.Invoke<S, V>(S.Load(X + i)));
            }
        }
    }

    private readonly struct Exponential : IUnaryOperator
    {
        public static V Invoke<S, V>(V x)
            where S : struct, ISimd<V>
            where V : struct
            => SimdMath.Exp<S, V>(x);
    }

    private readonly struct Power : IUnaryOperator
    {
        public static V Invoke<S, V>(V x)
            where S : struct, ISimd<V>
            where V : struct
            => SimdMath.PowerOfTwo<S, V>(x);
    }

    private readonly struct Tangent : IUnaryOperator
    {
        public static V Invoke<S, V>(V x)
            where S : struct, ISimd<V>
            where V : struct
            => SimdMath.Tanh<S, V>(x);
    }

    private readonly struct Logistic : IUnaryOperator
    {
        public static V Invoke<S, V>(V x)
            where S : struct, ISimd<V>
            where V : struct
            => SimdMath.Sigmoid<S, V>(x);
    }

    private struct KeepLanesJob : IJob
    {
        internal float* Y; // (lanes)
        internal uint* Keys; // (2, 16): the first halves, then the second
        internal uint Index;
        internal uint Threshold;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
            => S.Store(Y, S.Keep(Keys, Keys + 16, Index, Threshold));
    }

    private struct PartialJob : IJob
    {
        internal float* X; // (count)
        internal float* Loaded; // (lanes)
        internal float* Stored; // (count)
        internal int Count;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            var value = S.LoadPartial(X, Count);
            S.Store(Loaded, value);
            S.StorePartial(Stored, value, Count);
        }
    }

    private struct AcrossJob : IJob
    {
        internal float* X; // (lanes)
        internal float* Y; // sum, maximum

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
        {
            Y[0] = S.Sum(S.Load(X));
            Y[1] = S.MaxAcross(S.Load(X));
        }
    }

    private struct KeepJob : IJob
    {
        internal const uint Key0 = 0x12345678;
        internal const uint Key1 = 0x9abcdef0;
        internal float* Y; // (lanes)
        internal uint Index;
        internal uint Threshold;

        public readonly void Execute<S, V>(int part, in Worker worker)
            where S : struct, ISimd<V>
            where V : struct
            => S.Store(Y, S.Keep(Key0, Key1, Index, Threshold));
    }
}
