using Idiolect.Evaluation;
using Idiolect.Lab.Plots;

using ScottPlot;
using ScottPlot.TickGenerators;

namespace Idiolect.Cli.Runs;

/// <summary>Draws which labels were given to texts of which label.</summary>
internal static class ConfusionPlot
{
    /// <summary>The name of the files, without the ending: .svg and .png.</summary>
    internal const string Name = "confusion";

    private const int MostNumbers = 20; // labels up to which each field has its number
    private const int MostLabels = 40; // labels up to which each row has its name
    private const int LongestName = 34; // characters

    /// <summary>Writes <c>confusion.svg</c> and <c>confusion.png</c> into the run's folder.</summary>
    internal static void Save(ClassificationScores scores, string folder)
    {
        var (width, height) = (560 + (45 * Math.Min(scores.Labels.Count, MostLabels)), 460 + (40 * Math.Min(scores.Labels.Count, MostLabels)));
        PlotFiles.Save(() => Draw(scores), Path.Combine(folder, Name), width, height);
    }

    private static Plot Draw(ClassificationScores scores)
    {
        var count = scores.Labels.Count;
        var plot = new Plot();
        for (var right = 0; right < count; right++)
        {
            var total = Math.Max(1, Enumerable.Range(0, count).Sum(given => scores.Confusion[right, given]));
            for (var given = 0; given < count; given++)
            {
                var (number, y) = (scores.Confusion[right, given], count - 1 - right); // the first label on top
                var share = (double)number / total;
                var field = plot.Add.Rectangle(given - 0.5, given + 0.5, y - 0.5, y + 0.5);
                field.FillColor = Shade(share);
                field.LineColor = Colors.White;
                field.LineWidth = 1;
                if (count <= MostNumbers && number > 0)
                {
                    var text = plot.Add.Text(number.ToString("#,0", System.Globalization.CultureInfo.InvariantCulture), given, y);
                    text.LabelFontSize = 15;
                    text.LabelFontColor = share > 0.5 ? Colors.White : Colors.Black;
                    text.LabelAlignment = Alignment.MiddleCenter;
                }
            }
        }
        plot.Title(FormattableString.Invariant($"{100 * scores.Accuracy:0.0}% of {scores.Texts:#,0} held-out texts are right, macro-F1 {scores.MacroF1:0.000}"), size: 20);
        plot.XLabel("label given", size: 18);
        plot.YLabel("right label; darker: a greater share of its row", size: 18);
        string[] names = [.. scores.Labels.Select(label => count > MostLabels ? "" : label.Length <= LongestName ? label : label[..(LongestName - 1)] + "\u2026")];
        plot.Axes.Bottom.TickGenerator = new NumericManual([.. Enumerable.Range(0, count).Select(i => (double)i)], names);
        plot.Axes.Left.TickGenerator = new NumericManual([.. Enumerable.Range(0, count).Select(i => (double)(count - 1 - i))], names);
        plot.Axes.Bottom.TickLabelStyle.Rotation = 45;
        plot.Axes.Bottom.TickLabelStyle.Alignment = Alignment.MiddleLeft;
        plot.Axes.Bottom.TickLabelStyle.FontSize = 15;
        plot.Axes.Left.TickLabelStyle.FontSize = 15;
        var longest = names.Max(name => name.Length);
        plot.Axes.Bottom.MinimumSize = 60 + (6 * longest); // the names hang down at 45 degrees
        plot.Axes.Right.MinimumSize = 20 + (6 * longest);
        plot.HideGrid();
        plot.Axes.SetLimits(-0.5, count - 0.5, -0.5, count - 0.5);
        return plot;
    }

    /// <summary>From white to the dark blue of Okabe and Ito's palette: brightness alone tells the share, in grey too.</summary>
    private static Color Shade(double share)
    {
        byte Mix(int dark) => (byte)Math.Round(255 - (share * (255 - dark)));
        return new Color(Mix(0x00), Mix(0x4A), Mix(0x80));
    }
}
