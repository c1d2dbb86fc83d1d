using System.Globalization;

using Idiolect.Cli.Runs;
using Idiolect.Recipes;
using Idiolect.Tensors;
using Idiolect.Training;

namespace Idiolect.Cli.Output;

/// <summary>Shows how fast a model trains: text and a table, or one object a line.</summary>
internal sealed class BenchTrainOutput(Terminal terminal, bool json)
{
    internal const string Formula = "FLOPs a step = (6 x parameters + 12 x layers x width x context) x tokens";
    private const int ColumnWidth = 9;
    private const int LeastNameWidth = 12;

    private readonly TextWriter output = terminal.Out;
    private readonly JsonLines lines = new(terminal.Out);
    private Recipe recipe = null!;
    private double flops;

    internal void Begin(Recipe started, long parameters, double flopsPerStep)
    {
        (recipe, flops) = (started, flopsPerStep);
        var threads = recipe.Threads ?? Environment.ProcessorCount;
        if (json)
        {
            lines.Write("start", writer =>
            {
                writer.WriteString("preset", recipe.PresetName);
                writer.WriteNumber("parameters", parameters);
                writer.WriteNumber("layers", recipe.Model.LayerCount);
                writer.WriteNumber("heads", recipe.Model.HeadCount);
                writer.WriteNumber("width", recipe.Model.Width);
                writer.WriteNumber("context", recipe.Model.ContextLength);
                writer.WriteNumber("vocab", recipe.Tokenizer.VocabularySize);
                writer.WriteNumber("batch", recipe.Optimizer.BatchSize);
                writer.WriteNumber("threads", threads);
                writer.WriteNumber("flopsPerStep", flops);
            });
            return;
        }
        output.WriteLine($"{recipe.PresetName}: {recipe.Model.Architecture}, {recipe.Model.LayerCount} layers, {recipe.Model.HeadCount} heads, width {recipe.Model.Width}, {ReadableText.Whole(parameters)} parameters");
        output.WriteLine($"batch {recipe.Optimizer.BatchSize} x {recipe.Model.ContextLength} tokens, vocabulary {ReadableText.Whole(recipe.Tokenizer.VocabularySize)}, {recipe.Precision}, {threads} thread{(threads == 1 ? "" : "s")}");
    }

    internal void Round(double ours, double theirs)
    {
        if (json)
        {
            lines.Write("round", writer =>
            {
                writer.WriteFinite("ms", Math.Round(ours, 3));
                writer.WriteFinite("peerMs", Math.Round(theirs, 3));
            });
            return;
        }
        output.WriteLine(Say($"idiolect {ours:0.00} ms, pytorch {theirs:0.00} ms"));
    }

    internal void Peer(PeerDescription peer, double theirs, double ours)
    {
        if (json)
        {
            lines.Write("peer", writer =>
            {
                writer.WriteString("name", PytorchPeer.Name);
                writer.WriteFinite("ms", Math.Round(theirs, 3));
                writer.WriteFinite("timesAsFast", Math.Round(theirs / ours, 3));
                writer.WriteString("torch", peer.Version);
                writer.WriteString("blas", peer.Blas);
                writer.WriteString("blasCore", peer.BlasCore);
                writer.WriteNumber("blasThreads", peer.Threads);
                writer.WriteFinite("matmulGflops", peer.MatmulGflops);
            });
            return;
        }
        output.WriteLine(Say($"pytorch   {peer.Version} eager, fp32, {peer.Threads} threads; matmul {peer.MatmulGflops:0.0} GFLOP/s"));
        output.WriteLine($"blas      {peer.Blas} ({peer.BlasCore})");
        output.WriteLine(Say($"medians   {ours:0.00} ms, pytorch {theirs:0.00} ms: {theirs / ours:0.00} times as fast as PyTorch"));
    }

    internal void End(TrainingMeasurement measured, int steps)
    {
        if (json)
        {
            WriteJson(measured, steps);
            return;
        }
        output.WriteLine();
        output.WriteLine(Say($"step      {measured.Milliseconds:0.00} ms (p10 {measured.Fastest10:0.00}, p90 {measured.Slowest10:0.00}; {steps} steps)"));
        output.WriteLine(Say($"speed     {measured.TokensPerSecond:#,0} tokens/s, {measured.Gflops:0.0} GFLOP/s, MFU {measured.Mfu:0.0%} of {measured.PeakGflops:0.0} GFLOP/s"));
        output.WriteLine(Say($"peak      {measured.PeakGflops:0.0} GFLOP/s at best, {measured.MedianPeakGflops:0.0} in the median (MFU {measured.Gflops / measured.MedianPeakGflops:0.0%} of that)"));
        output.WriteLine(Say($"work      {flops / 1e9:#,0.00} GFLOP a step"));
        output.WriteLine(Say($"memory    {measured.ManagedBytesPerStep:#,0} managed bytes a step; {measured.PeakMemoryBytes / 1048576.0:#,0} MiB resident at most"));
        output.WriteLine(Formula);
        output.WriteLine();
        WriteTable(measured);
    }

    /// <summary>One row an operation; forward and backward beside each other.</summary>
    private void WriteTable(TrainingMeasurement measured)
    {
        var total = measured.TableMilliseconds;
        var rows = measured.Operations.GroupBy(share => share.Operation).Select(group => (
            Name: group.Key,
            Forward: group.Where(share => share.Phase == StepPhase.Forward).Sum(share => share.Milliseconds),
            Backward: group.Where(share => share.Phase == StepPhase.Backward).Sum(share => share.Milliseconds),
            All: group.Sum(share => share.Milliseconds),
            Floor: group.Sum(measured.FloorMilliseconds))).OrderByDescending(row => row.All).ToList();
        rows.Add(("waiting for threads", 0, 0, measured.CoordinationMilliseconds, 0));
        rows.Add(("between kernels", 0, 0, measured.BetweenMilliseconds, 0));
        var withFloor = terminal.Width >= LeastNameWidth + (6 * ColumnWidth);
        var width = Math.Max(LeastNameWidth, Math.Min(rows.Max(row => row.Name.Length), terminal.Width - ((withFloor ? 6 : 4) * ColumnWidth)));
        output.WriteLine(
            $"{"ms a step".PadRight(width)}{"forward",ColumnWidth}{"backward",ColumnWidth}{"all",ColumnWidth}{"share",ColumnWidth}"
            + (withFloor ? $"{"floor",ColumnWidth}{"of it",ColumnWidth}" : ""));
        foreach (var (name, forward, backward, all, floor) in rows)
        {
            WriteRow(name, forward, backward, all, floor);
        }
        WriteRow("step", rows.Sum(row => row.Forward), rows.Sum(row => row.Backward), total, rows.Sum(row => row.Floor));
        output.WriteLine("The middle half of the steps, on average.");
        output.WriteLine("Waiting is the caller's: starting threads, and the end of the slowest.");
        if (withFloor)
        {
            output.WriteLine(Say($"Floor: arithmetic at {measured.PeakGflops:0} GFLOP/s or, where that is more, bytes at {measured.MemoryGBps:0.0} GB/s."));
            output.WriteLine("What still lies in a cache costs less. Of it: the floor over the time.");
        }

        void WriteRow(string name, double forward, double backward, double all, double floor)
            => output.WriteLine(
                $"{Fit(name, width)}{Cell(forward)}{Cell(backward)}{Cell(all)}{Percent(all / total)}{(withFloor && floor > 0 ? Cell(floor) + Percent(floor / all) : "")}");
    }

    private void WriteJson(TrainingMeasurement measured, int steps)
    {
        foreach (var share in measured.Operations)
        {
            Operation(share.Operation, share.Phase.ToString().ToLowerInvariant(), share.Milliseconds, share);
        }
        Operation("waiting for threads", null, measured.CoordinationMilliseconds, null);
        Operation("between kernels", null, measured.BetweenMilliseconds, null);
        lines.Write("steps", writer =>
        {
            writer.WriteNumber("steps", steps);
            writer.WriteFinite("p10", Math.Round(measured.Fastest10, 4));
            writer.WriteFinite("p90", Math.Round(measured.Slowest10, 4));
            writer.WriteFinite("operationsMs", measured.TableMilliseconds);
            writer.WriteFinite("peakGflops", Math.Round(measured.PeakGflops, 2));
            writer.WriteFinite("medianPeakGflops", Math.Round(measured.MedianPeakGflops, 2));
            writer.WriteFinite("memoryGBps", Math.Round(measured.MemoryGBps, 2));
        });
        lines.Write("done", writer =>
        {
            writer.WriteString("preset", recipe.PresetName);
            writer.WriteString("precision", recipe.Precision);
            writer.WriteFinite("ms", Math.Round(measured.Milliseconds, 4));
            writer.WriteFinite("tokensPerSecond", Math.Round(measured.TokensPerSecond, 1));
            writer.WriteFinite("gflops", Math.Round(measured.Gflops, 3));
            writer.WriteFinite("mfu", Math.Round(measured.Mfu, 4));
            writer.WriteNumber("managedBytesPerStep", measured.ManagedBytesPerStep);
            writer.WriteNumber("peakMemoryBytes", measured.PeakMemoryBytes);
        });

        void Operation(string name, string? phase, double milliseconds, OperationShare? work) => lines.Write("operation", writer =>
        {
            writer.WriteString("name", name);
            writer.WriteString("phase", phase);
            writer.WriteFinite("ms", milliseconds);
            if (work != null)
            {
                writer.WriteFinite("gflop", work.Gflop);
                writer.WriteFinite("megabytes", work.Megabytes);
                writer.WriteFinite("floorMs", measured.FloorMilliseconds(work));
            }
        });
    }

    private static string Fit(string name, int width) => name.Length <= width ? name.PadRight(width) : string.Concat(name.AsSpan(0, width - 1), "~");

    private static string Cell(double milliseconds)
        => (milliseconds > 0 ? milliseconds.ToString(milliseconds < 1e3 ? "0.000" : milliseconds < 1e6 ? "0.0" : "0", CultureInfo.InvariantCulture) : "").PadLeft(ColumnWidth);

    private static string Percent(double share) => share.ToString("0.0%", CultureInfo.InvariantCulture).PadLeft(ColumnWidth);

    private static string Say(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
