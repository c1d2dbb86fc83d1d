namespace Idiolect.Kernels;

/// <summary>Rows of logits, and where what is asked of them goes.</summary>
/// <param name="logits">(rows, vocabulary), rows <paramref name="stride"/> apart.</param>
/// <param name="targets">(rows), each in [-1, vocabulary): checked by the caller.</param>
/// <param name="losses">(rows), in nats; 0 where the target is -1.</param>
/// <param name="rows">The number of rows.</param>
/// <param name="vocabulary">The length of a row.</param>
/// <param name="stride">Floats between rows; what lies between is neither read nor written.</param>
internal readonly unsafe struct LogitRows(float* logits, int* targets, float* losses, int rows, int vocabulary, int stride)
{
    internal float* Logits => logits;

    internal int* Targets => targets;

    internal float* Losses => losses;

    internal int Rows => rows;

    internal int Vocabulary => vocabulary;

    internal int Stride => stride;

    /// <summary>e, in [0, 1).</summary>
    internal float LabelSmoothing { get; init; }

    /// <summary>(rows): the entropy of each row's distribution, in nats, also where the target is -1; null where it is not asked for.</summary>
    internal float* Entropies { get; init; }
}

/// <summary>The gradients from above of the losses, and of the entropies, of rows of logits.</summary>
internal readonly unsafe struct RowGradients
{
    /// <summary>The gradient of every row's loss, where it is the same for all.</summary>
    internal float Common { get; private init; }

    /// <summary>(rows): else the gradient of each; null where they are the same.</summary>
    internal float* OfLosses { get; private init; }

    /// <summary>(rows): the gradient of each entropy; null where none has one.</summary>
    internal float* OfEntropies { get; private init; }

    internal static RowGradients Same(float gradient) => new() { Common = gradient };

    internal static RowGradients Each(float* ofLosses, float* ofEntropies) => new() { OfLosses = ofLosses, OfEntropies = ofEntropies };

    internal float OfLoss(int row) => OfLosses == null ? Common : OfLosses[row];

    /// <summary>Those from a row on.</summary>
    internal RowGradients From(int row) => new()
    {
        Common = Common,
        OfLosses = OfLosses == null ? null : OfLosses + row,
        OfEntropies = OfEntropies == null ? null : OfEntropies + row,
    };
}
