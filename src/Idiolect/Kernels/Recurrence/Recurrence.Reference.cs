using System.Numerics;

namespace Idiolect.Kernels;

internal static unsafe partial class Recurrence
{
    /// <summary>The formulas, plainly, one number at a time; shapes as in <see cref="RecurrentSegment"/>.</summary>
    /// <typeparam name="T">The number type.</typeparam>
    internal sealed class Reference<T>(RecurrentCell cell, int time, int batch, int width)
        where T : struct, IFloatingPointIeee754<T>
    {
        private readonly int _gates = cell.GateCount();

        internal T[] Projections { get; } = new T[time * batch * cell.GateCount() * width];

        internal T[] Weight { get; } = new T[cell.GateCount() * width * width]; // (gates * width, width)

        internal T[] RecurrentBias { get; } = new T[cell.GateCount() * width]; // read by the GRU only

        internal T[] FirstHidden { get; } = new T[batch * width];

        internal T[] FirstCell { get; } = new T[batch * width];

        internal T[] Hidden { get; } = new T[time * batch * width];

        internal T[] Cells { get; } = new T[time * batch * width];

        internal T[] DProjections { get; } = new T[time * batch * cell.GateCount() * width];

        internal T[] DWeight { get; } = new T[cell.GateCount() * width * width];

        internal T[] DRecurrentBias { get; } = new T[cell.GateCount() * width];

        internal T[] DFirstHidden { get; } = new T[batch * width];

        internal T[] DFirstCell { get; } = new T[batch * width];

        internal void Forward()
        {
            for (var at = 0; at < time * batch * width; at++)
            {
                var (step, sequence, i) = (at / (batch * width), at / width % batch, at % width);
                var cellBefore = step == 0 ? FirstCell[(sequence * width) + i] : Cells[at - (batch * width)];
                var hiddenBefore = Before(step, sequence, i);
                switch (cell)
                {
                    case RecurrentCell.Lstm:
                        var keep = Sigmoid(Projected(step, sequence, 1, i)) * cellBefore;
                        Cells[at] = keep + (Sigmoid(Projected(step, sequence, 0, i)) * T.Tanh(Projected(step, sequence, 2, i)));
                        Hidden[at] = Sigmoid(Projected(step, sequence, 3, i)) * T.Tanh(Cells[at]);
                        break;
                    case RecurrentCell.Gru:
                        var update = Sigmoid(Projected(step, sequence, 1, i));
                        Hidden[at] = ((T.One - update) * Candidate(step, sequence, i)) + (update * hiddenBefore);
                        break;
                    default:
                        Hidden[at] = T.Tanh(Projected(step, sequence, 0, i));
                        break;
                }
            }
        }

        /// <summary>Adds to the gradients, given those of the outputs (time, batch, width) and of the last cell (batch, width).</summary>
        internal void Backward(ReadOnlySpan<T> dHidden, ReadOnlySpan<T> dLastCell)
        {
            var dState = new T[batch * width];
            var dCell = dLastCell.ToArray();
            for (var step = time - 1; step >= 0; step--)
            {
                var dBefore = new T[batch * width];
                for (var row = 0; row < batch * width; row++)
                {
                    var (sequence, i) = (row / width, row % width);
                    Backward(step, sequence, i, dHidden[(step * batch * width) + row] + dState[row], ref dCell[row], dBefore);
                }
                dState = dBefore;
            }
            Add(dState, DFirstHidden);
            Add(dCell, DFirstCell);
        }

        private void Backward(int step, int sequence, int i, T dh, ref T dCell, T[] dBefore)
        {
            var at = (((step * batch) + sequence) * width) + i;
            switch (cell)
            {
                case RecurrentCell.Lstm:
                    var cellBefore = step == 0 ? FirstCell[(sequence * width) + i] : Cells[at - (batch * width)];
                    var (input, forget) = (Sigmoid(Projected(step, sequence, 0, i)), Sigmoid(Projected(step, sequence, 1, i)));
                    var (candidate, output) = (T.Tanh(Projected(step, sequence, 2, i)), Sigmoid(Projected(step, sequence, 3, i)));
                    var squashed = T.Tanh(Cells[at]);
                    dCell += dh * output * (T.One - (squashed * squashed));
                    Spread(step, sequence, 0, i, dCell * candidate * input * (T.One - input), T.One, dBefore);
                    Spread(step, sequence, 1, i, dCell * cellBefore * forget * (T.One - forget), T.One, dBefore);
                    Spread(step, sequence, 2, i, dCell * input * (T.One - (candidate * candidate)), T.One, dBefore);
                    Spread(step, sequence, 3, i, dh * squashed * output * (T.One - output), T.One, dBefore);
                    dCell *= forget;
                    break;
                case RecurrentCell.Gru:
                    var (reset, update) = (Sigmoid(Projected(step, sequence, 0, i)), Sigmoid(Projected(step, sequence, 1, i)));
                    var proposed = Candidate(step, sequence, i);
                    var dProposed = dh * (T.One - update) * (T.One - (proposed * proposed));
                    Spread(step, sequence, 0, i, dProposed * FromState(step, sequence, 2, i) * reset * (T.One - reset), T.One, dBefore);
                    Spread(step, sequence, 1, i, dh * (Before(step, sequence, i) - proposed) * update * (T.One - update), T.One, dBefore);
                    Spread(step, sequence, 2, i, dProposed, reset, dBefore);
                    dBefore[(sequence * width) + i] += dh * update;
                    break;
                default:
                    Spread(step, sequence, 0, i, dh * (T.One - (Hidden[at] * Hidden[at])), T.One, dBefore);
                    break;
            }
        }

        /// <summary>Hands the gradient of one projection on: to the input's part whole, to the state's part times <paramref name="share"/>.</summary>
        private void Spread(int step, int sequence, int gate, int i, T gradient, T share, T[] dBefore)
        {
            DProjections[(((((step * batch) + sequence) * _gates) + gate) * width) + i] += gradient;
            var row = (gate * width) + i;
            DRecurrentBias[row] += gradient * share;
            for (var j = 0; j < width; j++)
            {
                DWeight[(row * width) + j] += gradient * share * Before(step, sequence, j);
                dBefore[(sequence * width) + j] += gradient * share * Weight[(row * width) + j];
            }
        }

        private T Projected(int step, int sequence, int gate, int i)
            => Projections[(((((step * batch) + sequence) * _gates) + gate) * width) + i] + FromState(step, sequence, gate, i);

        private T FromState(int step, int sequence, int gate, int i)
        {
            var row = (gate * width) + i;
            var sum = cell == RecurrentCell.Gru ? RecurrentBias[row] : T.Zero;
            for (var j = 0; j < width; j++)
            {
                sum += Weight[(row * width) + j] * Before(step, sequence, j);
            }
            return sum;
        }

        private T Candidate(int step, int sequence, int i)
        {
            var projection = Projections[(((((step * batch) + sequence) * _gates) + 2) * width) + i];
            return T.Tanh(projection + (Sigmoid(Projected(step, sequence, 0, i)) * FromState(step, sequence, 2, i)));
        }

        private T Before(int step, int sequence, int i)
            => step == 0 ? FirstHidden[(sequence * width) + i] : Hidden[((((step - 1) * batch) + sequence) * width) + i];

        private static T Sigmoid(T x) => Activation.Reference.Sigmoid(x);

        private static void Add(T[] source, T[] destination)
        {
            for (var i = 0; i < source.Length; i++)
            {
                destination[i] += source[i];
            }
        }
    }
}
