using System.Text.Json;
using Idiolect.Formats;

namespace Idiolect.Training;

/// <summary>
/// <c>metrics.jsonl</c> of a run: one <see cref="TrainingProgress"/> a line, handed to the operating system at once, so that
/// a killed run loses none. A line that is none, as a power cut or a bad disk leaves it, is passed over and named: weights do not depend on it.
/// </summary>
public sealed class MetricsLog : IDisposable
{
    /// <summary>The file inside a run folder.</summary>
    public const string FileName = "metrics.jsonl";

    private readonly FileStream _stream;

    private MetricsLog(FileStream stream, IReadOnlyList<int> damaged) => (_stream, DamagedLines) = (stream, damaged);

    /// <summary>The numbers, from 1, of lines that were no lines of metrics when the log was opened; they are gone from it.</summary>
    public IReadOnlyList<int> DamagedLines { get; }

    /// <summary>Opens a run's log for appending, first cutting off (atomically) what a resumed run will do again.</summary>
    /// <param name="path">The file; made if missing.</param>
    /// <param name="resumedStep">The step of the checkpoint resumed; 0 for a new run. Lines of later steps are dropped.</param>
    /// <exception cref="WriteFailedException">The file cannot be written.</exception>
    public static MetricsLog Open(string path, long resumedStep)
    {
        IReadOnlyList<int> damaged = [];
        var kept = File.Exists(path) ? Read(path, out damaged).Where(line => line.Step <= resumedStep).ToList() : [];
        AtomicFile.Write(path, stream => kept.ForEach(line => WriteLine(stream, line)));
        return new MetricsLog(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0), damaged);
    }

    /// <summary>Reads a log; a run may be appending to it meanwhile. Damaged lines are passed over.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public static IReadOnlyList<TrainingProgress> Read(string path) => Read(path, out _);

    /// <inheritdoc cref="Read(string)"/>
    /// <param name="path">The file.</param>
    /// <param name="damagedLines">The numbers, from 1, of the lines that were passed over.</param>
    public static IReadOnlyList<TrainingProgress> Read(string path, out IReadOnlyList<int> damagedLines)
    {
        FileKind.RequireRegular(path);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        var (read, damaged) = (new List<TrainingProgress>(), new List<int>());
        for (var number = 1; reader.ReadLine() is { } line; number++)
        {
            if (TryParse(line) is { } progress)
            {
                read.Add(progress);
            }
            else
            {
                damaged.Add(number);
            }
        }
        damagedLines = damaged;
        return read;
    }

    /// <summary>Adds a line.</summary>
    /// <exception cref="WriteFailedException">The disk is full.</exception>
    public void Append(TrainingProgress progress)
    {
        try
        {
            WriteLine(_stream, progress);
        }
        catch (Exception exception) when (WriteFailedException.Explains(exception))
        {
            throw new WriteFailedException(_stream.Name, exception);
        }
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _stream.Dispose();

    private static void WriteLine(Stream stream, TrainingProgress progress)
        => stream.Write([.. JsonSerializer.SerializeToUtf8Bytes(progress, MetricsJson.Default.TrainingProgress), (byte)'\n']);

    private static TrainingProgress? TryParse(string line)
    {
        try
        {
            return JsonSerializer.Deserialize(line, MetricsJson.Default.TrainingProgress);
        }
        catch (Exception exception) when (exception is JsonException or NotSupportedException)
        {
            // NotSupportedException: an object without "event", which would be the abstract record.
            return null;
        }
    }
}
