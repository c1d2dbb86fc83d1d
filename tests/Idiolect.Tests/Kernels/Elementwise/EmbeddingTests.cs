using CsCheck;
using Idiolect.Kernels;

namespace Idiolect.Tests.Kernels;

public sealed unsafe class EmbeddingTests
{
    private const int Vocabulary = 11, Context = 9;

    [Fact]
    public void Every_variant_agrees_with_the_reference_also_for_repeated_ids()
    {
        using var variants = new KernelVariants();
        Gen.Select(KernelShapes.Rows, KernelShapes.Width, Gen.Bool).Sample(
            (rows, width, hasPositions) =>
            {
                var ids = Enumerable.Range(0, rows).Select(row => row * row % Vocabulary).ToArray();
                var positions = Enumerable.Range(0, rows).Select(row => row % Context).ToArray();
                var table = RandomValues.Normal(1, Vocabulary * width);
                var positionTable = hasPositions ? RandomValues.Normal(2, Context * width) : [];
                var dy = RandomValues.Normal(3, rows * width);
                var y = new double[rows * width];
                var dTable = Enumerable.Repeat(1.0, table.Length).ToArray();
                var dPositionTable = new double[positionTable.Length];
                Embedding.Reference.Forward<double>(ids, table.ToDoubles(), positionTable.ToDoubles(), positions, y, width);
                Embedding.Reference.Backward<double>(ids, dy.ToDoubles(), dTable, width);
                if (hasPositions)
                {
                    Embedding.Reference.Backward<double>(positions, dy.ToDoubles(), dPositionTable, width);
                }

                variants.Check([.. y, .. dTable, .. dPositionTable], 1e-5, team =>
                {
                    using var id = new NativeBuffer<int>(ids);
                    using var position = new NativeBuffer<int>(positions);
                    using var tables = new NativeBuffer<float>(table);
                    using var positionTables = new NativeBuffer<float>(positionTable);
                    using var dys = new NativeBuffer<float>(dy);
                    using var output = new NativeBuffer<float>(y.Length);
                    using var dTables = new NativeBuffer<float>(Enumerable.Repeat(1f, table.Length).ToArray());
                    using var dPositionTables = new NativeBuffer<float>(positionTable.Length);
                    Embedding.Forward(
                        team, id, tables, hasPositions ? positionTables.Pointer : null, position, output, rows, width);
                    Embedding.Backward(
                        team, id, position, dys, dTables, hasPositions ? dPositionTables.Pointer : null, rows, width);
                    return [.. output.ToArray(), .. dTables.ToArray(), .. dPositionTables.ToArray()];
                });
            },
            iter: 10,
            threads: 1);
    }

    [Fact]
    public void Reference_gradient_agrees_with_finite_differences()
    {
        int[] ids = [3, 1, 3, 0];
        var table = RandomValues.Normal(1, Vocabulary * 2).ToDoubles();
        var dy = RandomValues.Normal(2, ids.Length * 2).ToDoubles();
        var y = new double[dy.Length];
        var gradient = new double[table.Length];
        Embedding.Reference.Backward<double>(ids, dy, gradient, 2);

        FiniteDifferences.Check(
            () =>
            {
                Embedding.Reference.Forward<double>(ids, table, [], [], y, 2);
                return RandomValues.Dot(dy, y);
            },
            table,
            gradient);
    }
}
