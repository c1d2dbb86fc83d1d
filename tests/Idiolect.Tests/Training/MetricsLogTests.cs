using Idiolect.Training;

namespace Idiolect.Tests.Training;

public sealed class MetricsLogTests : IDisposable
{
    private static readonly TrainingProgress[] Lines =
    [
        new EvaluationCompleted(0, 5, 5.5, 2.25, IsBest: true),
        new StepCompleted(1, 4.5, 1e-3, 0.75, 12.5, 81920),
        new StepSkipped(2, "the loss is not finite", "layers.0.attention"),
        new CheckpointSaved(2, "checkpoints/step-00000002"),
        new CheckpointDamaged(3, "checkpoints/step-00000003", "model.safetensors is missing"),
        new StepCompleted(3, double.NaN, 1e-3, double.PositiveInfinity, 12, 81920),
        new TrainingEnded(4, EndReason.Interrupted, null, 2.5),
    ];

    private readonly TemporaryFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    private string LogPath => _temp["metrics.jsonl"];

    private void Write(params TrainingProgress[] lines)
    {
        using var log = MetricsLog.Open(LogPath, long.MaxValue);
        foreach (var line in lines)
        {
            log.Append(line);
        }
    }

    [Fact]
    public void Every_kind_of_line_is_read_as_it_was_written()
    {
        Write(Lines);
        Assert.Equal(Lines, MetricsLog.Read(LogPath));
    }

    [Fact]
    public void Lines_have_the_names_that_programs_read()
    {
        Write(Lines[1], Lines[0]);
        Assert.Equal(
            [
                """{"event":"step","loss":4.5,"learningRate":0.001,"gradientNorm":0.75,"ms":12.5,"tokensPerSecond":81920,"step":1}""",
                """{"event":"eval","trainLoss":5,"valLoss":5.5,"bitsPerByte":2.25,"isBest":true,"step":0}""",
            ],
            File.ReadAllLines(LogPath));
    }

    [Fact]
    public void A_resume_drops_the_lines_after_its_step_and_goes_on()
    {
        Write(Lines);
        using (var log = MetricsLog.Open(LogPath, resumedStep: 2))
        {
            log.Append(Lines[6]);
        }
        Assert.Equal([.. Lines[..4], Lines[6]], MetricsLog.Read(LogPath));
        Assert.Equal(["metrics.jsonl"], _temp.Names);
    }

    [Theory]
    [InlineData("{\"event\":\"step\",\"lo")]
    [InlineData("{\"event\":\"step\"")]
    [InlineData("\0\0\0\0")]
    public void A_torn_last_line_is_forgiven_and_mended(string torn)
    {
        Write(Lines[..2]);
        File.AppendAllText(LogPath, torn);
        Assert.Equal(Lines[..2], MetricsLog.Read(LogPath));
        Write(Lines[2]);
        Assert.Equal(Lines[..3], MetricsLog.Read(LogPath));
    }

    [Theory]
    [InlineData("rubbish")]
    [InlineData("{\"step\":1}")]
    [InlineData("{\"event\":\"other\",\"step\":1}")]
    [InlineData("\0\0\0\0\0")]
    [InlineData("")]
    public void A_damaged_line_is_passed_over_and_named(string line)
    {
        Write(Lines[..2]);
        File.AppendAllText(LogPath, line + "\n");
        Append();
        Assert.Equal(Lines[..4], MetricsLog.Read(LogPath, out var damaged));
        Assert.Equal([3], damaged);
        using (var log = MetricsLog.Open(LogPath, long.MaxValue))
        {
            Assert.Equal([3], log.DamagedLines);
        }
        Assert.Equal(Lines[..4], MetricsLog.Read(LogPath, out damaged));
        Assert.Empty(damaged); // mended

        void Append() => File.AppendAllText(
            LogPath, string.Concat(Lines[2..4].Select(news => System.Text.Json.JsonSerializer.Serialize(news, MetricsJson.Default.TrainingProgress) + "\n")));
    }

    [Fact]
    public void A_log_can_be_read_while_it_is_written()
    {
        using var log = MetricsLog.Open(LogPath, 0);
        log.Append(Lines[0]);
        Assert.Single(MetricsLog.Read(LogPath));
    }
}
