using Idiolect.Lab.Plots;
using Idiolect.Recipes;

using ScottPlot;

namespace Idiolect.Cli.Runs;

/// <summary>Draws a run's losses over its steps.</summary>
internal static class LossPlot
{
    /// <summary>The name of the files, without the ending: .svg and .png.</summary>
    internal const string Name = "loss";

    private const int Width = 1000;
    private const int Height = 600;

    // From Okabe and Ito's palette, which people with any colour vision tell apart.
    private static readonly Color Train = Color.FromHex("#0072B2");
    private static readonly Color Validation = Color.FromHex("#D55E00");

    /// <summary>Writes <c>loss.svg</c> and <c>loss.png</c> into the run's folder; without a step there is nothing to draw.</summary>
    internal static void Save(TrainingHistory history, string folder)
    {
        if (history.Steps.Count == 0)
        {
            return;
        }
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        PlotFiles.Save(() => Draw(history, name), Path.Combine(folder, Name), Width, Height);
    }

    private static Plot Draw(TrainingHistory history, string name)
    {
        var plot = new Plot();
        var finite = history.Steps.Where(step => double.IsFinite(step.Loss)).ToArray();
        var steps = finite.Select(step => (double)step.Step).ToArray();
        var losses = finite.Select(step => step.Loss).ToArray();
        var smooth = Smooth(losses);

        var raw = plot.Add.ScatterLine(steps, losses, Train.WithAlpha(0.2));
        raw.LineWidth = 1;
        var line = plot.Add.ScatterLine(steps, smooth, Train);
        line.LineWidth = 2;
        line.LegendText = "training";

        var evaluations = history.Evaluations.Where(evaluation => double.IsFinite(evaluation.ValidationLoss)).ToArray();
        if (evaluations.Length > 0)
        {
            var points = plot.Add.Scatter(
                evaluations.Select(evaluation => (double)evaluation.Step).ToArray(),
                evaluations.Select(evaluation => evaluation.ValidationLoss).ToArray(),
                Validation);
            points.LineWidth = 2;
            points.MarkerSize = 9;
            points.LegendText = "validation";
            var best = evaluations.MinBy(evaluation => evaluation.ValidationLoss)!;
            plot.Title(FormattableString.Invariant(
                $"{name}: validation loss {best.ValidationLoss:0.000}, {(best.Accuracy is { } share ? FormattableString.Invariant($"{100 * share:0.0}% right") : FormattableString.Invariant($"{best.BitsPerByte:0.000} bits per byte"))}"), size: 22);
        }
        else
        {
            plot.Title(name, size: 22);
        }

        plot.XLabel("step", size: 18);
        plot.YLabel(history.Evaluations.Any(evaluation => evaluation.Accuracy is not null) ? "loss (nats an answer)" : "loss (nats a token)", size: 18);
        plot.Axes.Bottom.TickLabelStyle.FontSize = 16;
        plot.Axes.Left.TickLabelStyle.FontSize = 16;
        plot.Legend.FontSize = 18;
        plot.ShowLegend(Alignment.UpperRight);
        plot.Grid.MajorLineColor = Colors.Black.WithAlpha(0.1);
        plot.Axes.AutoScale();
        return plot;
    }

    /// <summary>
    /// The mean over the fiftieth of the run around each step, which, unlike one over the steps before it, does not lag. At the beginning, which is steep,
    /// it reaches as far to the right as there is to the left; at the end, where one step's loss would look like the run's, back as far as before.
    /// </summary>
    internal static double[] Smooth(double[] values)
    {
        var sums = new double[values.Length + 1];
        for (var i = 0; i < values.Length; i++)
        {
            sums[i + 1] = sums[i] + values[i];
        }
        var smooth = new double[values.Length];
        for (var i = 0; i < values.Length; i++)
        {
            var reach = Math.Min(values.Length / 100, i);
            var (first, end) = (i - reach, Math.Min(i + reach + 1, values.Length));
            smooth[i] = (sums[end] - sums[first]) / (end - first);
        }
        return smooth;
    }
}
