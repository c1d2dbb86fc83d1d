using System.Text;

using Idiolect.Cli.Options;
using Idiolect.Cli.Output;

namespace Idiolect.Cli.Runs;

/// <summary>A run while it trains: keeps its history in its folder, shows it, and draws the loss curve at the end.</summary>
internal sealed class TrainingRun : IProgress<TrainingEvent>, IDisposable
{
    private readonly ITrainingOutput output;
    private readonly StreamWriter file;
    private readonly JsonTrainingOutput journal;

    /// <param name="folder">An existing folder; a run that goes on has its history there.</param>
    /// <param name="setup">Written beside it for the next resume.</param>
    /// <param name="output">Shows what is reported.</param>
    internal TrainingRun(string folder, TrainingSetup setup, ITrainingOutput output)
    {
        Folder = folder;
        this.output = output;
        RunFile.WriteSetup(folder, setup);
        var stream = new FileStream(Path.Combine(folder, RunFile.Metrics), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        file = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
        EndTornLine(stream);
        journal = new JsonTrainingOutput(file);
    }

    internal string Folder { get; }

    public void Report(TrainingEvent value)
    {
        journal.Report(value);
        if (value is TrainingFinished)
        {
            LossPlot.Save(Metrics.Read(Folder), Folder); // before the words that point to it
        }
        output.Report(value);
    }

    public void Dispose() => file.Dispose();

    // A process that was killed may have left half a line, to which the next one must not be glued.
    private static void EndTornLine(FileStream stream)
    {
        if (stream.Length == 0)
        {
            return;
        }
        stream.Seek(-1, SeekOrigin.End);
        if (stream.ReadByte() != '\n')
        {
            stream.WriteByte((byte)'\n');
        }
    }
}
