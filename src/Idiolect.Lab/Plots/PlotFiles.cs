using Idiolect.Formats;
using ScottPlot;

namespace Idiolect.Lab.Plots;

/// <summary>Keeps a plot as two pictures.</summary>
public static class PlotFiles
{
    /// <summary>Writes <c>path.svg</c> and <c>path.png</c>.</summary>
    /// <remarks>Where the drawing library's native part does not load there is no picture, and no error: the numbers stand elsewhere.</remarks>
    /// <param name="draw">Makes the plot.</param>
    /// <param name="path">The files' path without the ending.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="height">Pixels.</param>
    /// <exception cref="WriteFailedException">The disk is full, or the folder cannot be written.</exception>
    public static void Save(Func<Plot> draw, string path, int width, int height)
    {
        ArgumentNullException.ThrowIfNull(draw);
        string svg;
        byte[] png;
        try
        {
            using var plot = draw();
            (svg, png) = (plot.GetSvgXml(width, height), plot.GetImageBytes(width, height, ImageFormat.Png));
        }
        catch (Exception exception) when (exception is DllNotFoundException or TypeInitializationException)
        {
            return;
        }
        AtomicFile.Write(path + ".svg", svg);
        AtomicFile.Write(path + ".png", png);
    }
}
