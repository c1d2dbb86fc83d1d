namespace Idiolect.Kernels;

/// <summary>How a recurrent layer makes its next state from the one before and the input.</summary>
public enum RecurrentCell
{
    /// <summary>h = tanh(W x + U h + b) (Elman 1990).</summary>
    Rnn,

    /// <summary>
    /// Long short-term memory (Hochreiter and Schmidhuber 1997) with the forget gate of Gers et al. 2000: a second state, the cell,
    /// that is only scaled and added to, behind an input, a forget and an output gate.
    /// </summary>
    Lstm,

    /// <summary>Gated recurrent unit (Cho et al. 2014) in the form whose reset gate acts after the recurrent product, as PyTorch has it.</summary>
    Gru,
}

internal static class RecurrentCells
{
    /// <summary>Blocks of the state's width that the input's and the state's projections have: 1, 4 (input, forget, candidate, output), 3
    /// (reset, update, candidate).</summary>
    internal static int GateCount(this RecurrentCell cell) => cell switch
    {
        RecurrentCell.Lstm => 4,
        RecurrentCell.Gru => 3,
        _ => 1,
    };
}
