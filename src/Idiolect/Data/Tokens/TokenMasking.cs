using Idiolect.Kernels;
using Idiolect.Tokenization;

namespace Idiolect.Data;

/// <summary>
/// Masks tokens as BERT does (Devlin et al. 2019, section 3.1 and appendix A.1): 15 % of a text's tokens, at least one, are to be predicted. Of
/// these 80 % become the mask, 10 % another token at random and 10 % stay, so that a model may trust no token blindly. Special tokens are
/// never masked. Everything is a pure function of a key, so a run that resumes masks what it would have masked.
/// </summary>
internal sealed class TokenMasking
{
    private const double Share = 0.15;
    private const double Masked = 0.8;
    private const double Replaced = 0.9; // up to here another token, beyond it the token itself

    private readonly bool[] _special; // [id]
    private readonly int[] _ordinary; // ids that may stand in for another
    private int[] _places = [];

    /// <param name="tokenizer">The tokenizer of the texts.</param>
    /// <exception cref="InvalidDataException">It has no token to mask with.</exception>
    internal TokenMasking(Tokenizer tokenizer)
    {
        MaskId = tokenizer.MaskId ?? throw new InvalidDataException($"The tokenizer has no token {Tokenizer.Mask}, and learning to fill gaps needs one.");
        _special = new bool[tokenizer.VocabularySize];
        foreach (var id in tokenizer.SpecialTokens.Values)
        {
            _special[id] = true;
        }
        _ordinary = [.. Enumerable.Range(0, tokenizer.VocabularySize).Where(id => tokenizer.Knows(id) && !_special[id])];
    }

    /// <summary>The token that stands in the place of a masked one.</summary>
    internal int MaskId { get; }

    /// <summary>Masks a batch.</summary>
    /// <param name="key">Decides what is masked, and how.</param>
    /// <param name="tokens">(batch, time): changed in place.</param>
    /// <param name="lengths">(batch): the tokens of each text that are no padding.</param>
    /// <param name="targets">(batch, time): receives the tokens that were masked, -1 elsewhere.</param>
    /// <param name="firstRow">The number of the batch's first text among those that share the key.</param>
    /// <returns>How many were.</returns>
    internal int Apply(ulong key, Span<int> tokens, ReadOnlySpan<int> lengths, Span<int> targets, long firstRow = 0)
    {
        targets.Fill(Window.Ignored);
        var time = tokens.Length / lengths.Length;
        var count = 0;
        for (var row = 0; row < lengths.Length; row++)
        {
            count += ApplyToRow(
                CounterRandom.Derive(key, (ulong)(firstRow + row)), Window.Row(tokens, row, time)[..lengths[row]], Window.Row(targets, row, time));
        }
        return count;
    }

    private int ApplyToRow(ulong key, Span<int> tokens, Span<int> targets)
    {
        if (_places.Length < tokens.Length)
        {
            _places = new int[tokens.Length];
        }
        var eligible = 0;
        for (var i = 0; i < tokens.Length; i++)
        {
            if (!_special[tokens[i]])
            {
                _places[eligible++] = i;
            }
        }
        if (eligible == 0)
        {
            return 0;
        }
        var count = Math.Max(1, (int)Math.Round(Share * eligible, MidpointRounding.AwayFromZero));
        var order = new KeyedPermutation(eligible, CounterRandom.Derive(key, 0));
        var (kinds, others) = (CounterRandom.Derive(key, 1), CounterRandom.Derive(key, 2));
        for (var i = 0; i < count; i++)
        {
            var place = _places[order.Map(i)];
            targets[place] = tokens[place];
            var kind = CounterRandom.Uniform(kinds, (ulong)i);
            if (kind < Masked)
            {
                tokens[place] = MaskId;
            }
            else if (kind < Replaced)
            {
                tokens[place] = _ordinary[(int)(CounterRandom.Uniform(others, (ulong)i) * _ordinary.Length)];
            }
        }
        return count;
    }
}
