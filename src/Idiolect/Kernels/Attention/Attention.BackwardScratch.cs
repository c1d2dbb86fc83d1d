using static Idiolect.Kernels.Rounding;

namespace Idiolect.Kernels;

internal static unsafe partial class Attention
{
    /// <summary>Floats of scratch that one worker needs in the backward pass, in registers of <paramref name="lanes"/>.</summary>
    internal static long BackwardScratchCount(in AttentionShape shape, int lanes)
        => new BackwardScratch(null, shape, new KeyChunks(shape), lanes).Count;

    /// <summary>
    /// How the keys of a sequence are cut for the backward pass: a part is a chunk of whole pages, and there are as many parts
    /// as keep several threads busy. A matter of shape only; the number of chunks is bounded, so memory stays linear.
    /// </summary>
    private readonly struct KeyChunks
    {
        /// <summary>Parts from which on keys are not cut further: what a chunk adds to the queries' gradients costs a pass of its own.</summary>
        private const int EnoughParts = 8;

        internal KeyChunks(in AttentionShape shape)
        {
            Pairs = shape.Batch * shape.KeyValueHeadCount;
            var pages = Math.Max(1, CeilingDivide(shape.KeyLength, PageLength));
            var wanted = Math.Clamp(CeilingDivide(EnoughParts, Math.Max(1, Pairs)), 1, pages);
            Length = CeilingDivide(pages, wanted) * PageLength;
            Count = CeilingDivide(pages * PageLength, Length);
        }

        /// <summary>(sequence, key-value head) pairs.</summary>
        internal readonly int Pairs;

        /// <summary>Keys of a chunk: whole pages.</summary>
        internal readonly int Length;

        /// <summary>Chunks of a sequence.</summary>
        internal readonly int Count;
    }

    /// <summary>The scratch of one part. Linear in the length of a chunk of keys.</summary>
    private readonly struct BackwardScratch
    {
        /// <summary>Between keys of probabilities; a cache line more than the rows, so that a column does not fill one cache set.</summary>
        internal const int ProbabilityStride = BackwardJob.TileRows + 16;

        internal BackwardScratch(float* start, in AttentionShape shape, in KeyChunks chunks, int lanes)
        {
            Width = RoundUp(shape.HeadSize, PairColumns(lanes));
            KeyStride = PanelRows(shape.HeadSize);
            PanelSize = KeyStride * PanelColumns(lanes);
            var panels = BackwardJob.TileRows * KeyStride;
            var next = start;
            Query = Take(ref next, panels);
            OutputGradient = Take(ref next, panels);
            QueryGradient = Take(ref next, panels);
            QueryRows = Take(ref next, BackwardJob.TileRows * Width);
            OutputGradientRows = Take(ref next, BackwardJob.TileRows * Width);
            LogSumExp = Take(ref next, BackwardJob.TileRows);
            Products = Take(ref next, BackwardJob.TileRows);
            Factors = Take(ref next, BackwardJob.TileRows);
            Visible = Take(ref next, BackwardJob.TileRows);
            DropKeys0 = (uint*)Take(ref next, BackwardJob.TileRows);
            DropKeys1 = (uint*)Take(ref next, BackwardJob.TileRows);
            Probabilities = Take(ref next, PageLength * ProbabilityStride);
            ScoreGradient = Take(ref next, PageLength * ProbabilityStride);
            Keys = Take(ref next, (long)chunks.Length * KeyStride);
            Values = Take(ref next, (long)chunks.Length * KeyStride);
            KeyGradient = Take(ref next, (long)chunks.Length * Width);
            ValueGradient = Take(ref next, (long)chunks.Length * Width);
            Count = next - start;
        }

        /// <summary>The head size rounded up to whole pairs of registers.</summary>
        internal readonly int Width;

        internal readonly int KeyStride;

        internal readonly int PanelSize;

        // (panels, head size, panel width): queries times scale and log2 e
        internal readonly float* Query;

        // (panels, head size, panel width)
        internal readonly float* OutputGradient;

        // (panels, head size, panel width)
        internal readonly float* QueryGradient;

        // (tile rows, width): queries as they are
        internal readonly float* QueryRows;

        // (tile rows, width)
        internal readonly float* OutputGradientRows;

        // (tile rows): in base 2
        internal readonly float* LogSumExp;

        // (tile rows): D = output · its gradient
        internal readonly float* Products;

        // (tile rows): the scale, once a row
        internal readonly float* Factors;

        // (tile rows): the number of keys that each row sees
        internal readonly float* Visible;

        // (tile rows): the two halves of the key of each row's dropout mask
        internal readonly uint* DropKeys0;
        internal readonly uint* DropKeys1;

        // (page length, probability stride): scores, then probabilities after dropout; a column a query row
        internal readonly float* Probabilities;

        // (page length, probability stride): gradients of the probabilities, then of the scores
        internal readonly float* ScoreGradient;

        // (chunk, head size), zeros up to multiples of RowMultiple
        internal readonly float* Keys;

        // (chunk, head size), likewise
        internal readonly float* Values;

        // (chunk, width): to be multiplied by the scale
        internal readonly float* KeyGradient;

        // (chunk, width)
        internal readonly float* ValueGradient;

        internal readonly long Count;

        private static float* Take(ref float* next, long count)
        {
            var taken = next;
            next += count;
            return taken;
        }
    }
}
