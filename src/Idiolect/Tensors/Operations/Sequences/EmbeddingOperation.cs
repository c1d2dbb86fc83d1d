using Idiolect.Kernels;

namespace Idiolect.Tensors;

/// <summary>Looks token vectors up, with learned position vectors added where the model has them.</summary>
internal sealed unsafe class EmbeddingOperation : Operation
{
    private TensorNode _ids = null!;
    private TensorNode _positions = null!;
    private Parameter _table = null!;
    private Parameter? _positionTable;

    /// <summary>y[row] = table[ids[row]] (+ positions table[positions[row]]).</summary>
    /// <param name="tape">The step.</param>
    /// <param name="ids">(batch, time), each a row of the table.</param>
    /// <param name="positions">(batch, time), likewise.</param>
    /// <param name="table">(vocabulary, width).</param>
    /// <param name="positionTable">(context, width), or null.</param>
    /// <returns>(batch, time, width).</returns>
    internal static Tensor Apply(Tape tape, IntegerTensor ids, IntegerTensor positions, Parameter table, Parameter? positionTable)
    {
        tape.Require(ids.Data);
        tape.Require(positions, ids.Shape.Count);
        ids.RequireWithin(0, table.Shape[0] - 1, nameof(ids));
        if (ids.Shape.Rank != 2 || table.Shape.Rank != 2)
        {
            throw new ArgumentException($"Ids (batch, time) name rows of a table (rows, width); these have shapes {ids.Shape} and {table.Shape}.", nameof(ids));
        }
        if (positionTable != null)
        {
            if (positionTable.Shape.Rank != 2 || positionTable.Shape[1] != table.Shape[1])
            {
                throw new ArgumentException(
                    $"{positionTable.Name} has shape {positionTable.Shape}; its rows are added to those of {table.Name}, of width {table.Shape[1]}.", nameof(positionTable));
            }
            positions.RequireWithin(0, positionTable.Shape[0] - 1, nameof(positions));
        }
        var width = table.Shape[1];
        var y = tape.Create(new Shape(ids.Shape[0], ids.Shape[1], width), table.RequiresGradient || positionTable is { RequiresGradient: true });
        Embedding.Forward(
            tape.Team, ids.Pointer, table.Data, positionTable == null ? null : positionTable.Data, positions.Pointer, y.Pointer,
            y.Shape.Rows, width);
        if (y.Node.NeedsGradient)
        {
            var record = tape.Record<EmbeddingOperation>(y);
            (record._ids, record._positions, record._table, record._positionTable) = (ids.Node, positions.Node, table, positionTable);
            record.Save(ids);
            record.Save(positions);
            tape.CountUse(table);
            tape.CountUse(positionTable);
        }
        return y;
    }

    protected internal override void Backward(Tape tape)
    {
        Embedding.Backward(
            tape.Team, (int*)_ids.Data!.Pointer, (int*)_positions.Data!.Pointer, OutputGradient,
            _table.RequiresGradient ? _table.Gradient : null,
            _positionTable is { RequiresGradient: true } ? _positionTable.Gradient : null, Output.Shape.Rows, Output.Shape.Width);
        tape.Contributed(_table);
        tape.Contributed(_positionTable);
    }
}
