namespace Idiolect.Tensors;

/// <summary>What a recurrent layer leaves behind.</summary>
/// <param name="Hidden">(time, batch, width): the state after each step.</param>
/// <param name="LastCell">(batch, width): an LSTM's cell after the last step; null for other cells.</param>
public readonly record struct RecurrentResult(Tensor Hidden, Tensor? LastCell);
