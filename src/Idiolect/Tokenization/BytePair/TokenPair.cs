namespace Idiolect.Tokenization;

/// <summary>Two neighbouring tokens; ordered by the left id, then the right one.</summary>
internal readonly record struct TokenPair(int Left, int Right) : IComparable<TokenPair>
{
    public int CompareTo(TokenPair other)
        => Left != other.Left ? Left.CompareTo(other.Left) : Right.CompareTo(other.Right);

    // Fibonacci hashing: the ids are small and dense, so a plain exclusive-or would collide all the time.
    public override int GetHashCode() => (int)((((ulong)(uint)Left << 32 | (uint)Right) * 0x9E3779B97F4A7C15) >> 32);
}

/// <summary>A rule of byte pair encoding: the pair becomes <paramref name="Result"/>; the rule's place in the list is its rank.</summary>
internal readonly record struct MergeRule(TokenPair Pair, int Result);
