using System.Text.Json;
using Idiolect.Kernels;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

public sealed class TrainingStateTests : IDisposable
{
    private static readonly TrainingState State = new(
        1200, 19200, 1, 3, 1000, 2.5, "data", "tokens",
        new TrainingOptions { Steps = 5000, Schedule = ScheduleShape.WarmupStableDecay, EarlyStopPatience = 4, Seed = ulong.MaxValue, Beta2 = 0.1 + 0.2 });

    private readonly TemporaryFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    private string StatePath => Path.Combine(_temp.Path, "trainer", "state.json");

    [Fact]
    public void A_state_is_read_as_it_was_written()
    {
        State.Write(_temp.Path);
        Assert.Equal(State, TrainingState.Read(_temp.Path));
    }

    [Fact]
    public void The_file_has_snake_case_names_and_no_number_of_threads()
    {
        (State with { Options = State.Options with { Threads = 2 } }).Write(_temp.Path);
        var text = File.ReadAllText(StatePath);
        Assert.Contains("\"best_validation_loss\": 2.5", text, StringComparison.Ordinal);
        Assert.Contains("\"schedule\": \"warmup_stable_decay\"", text, StringComparison.Ordinal);
        Assert.DoesNotContain("threads", text, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("data2", "tokens", "training data")]
    [InlineData("data", "tokens2", "tokenizer")]
    public void Other_data_or_another_tokenizer_are_refused(string data, string tokenizer, string named)
        => Assert.Contains(named, Assert.Throws<InvalidDataException>(() => State.EnsureSameInputs(data, tokenizer)).Message, StringComparison.Ordinal);

    [Fact]
    public void The_same_inputs_are_accepted() => State.EnsureSameInputs("data", "tokens");

    [Fact]
    public void A_missing_state_is_named()
        => Assert.Contains(StatePath, Assert.Throws<FileNotFoundException>(() => TrainingState.Read(_temp.Path)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("\"step\": 1200", "\"step\": -1", "negative")]
    [InlineData("\"step\": 1200", "\"stop\": 1200", "stop")]
    [InlineData("\"batch_size\": 16", "\"batch_size\": 0", "BatchSize")]
    [InlineData("\"data_hash\": \"data\"", "\"data_hash\": null", "data_hash")]
    [InlineData("{", "", "state.json")]
    public void A_damaged_state_is_refused_with_a_reason(string old, string replacement, string reason)
    {
        State.Write(_temp.Path);
        var text = File.ReadAllText(StatePath);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(StatePath, text.Replace(old, replacement, StringComparison.Ordinal));
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => TrainingState.Read(_temp.Path)).Message, StringComparison.OrdinalIgnoreCase);
    }

    public static TheoryData<string, string> BadOptions => new()
    {
        { nameof(TrainingOptions.Steps), "0" },
        { nameof(TrainingOptions.BatchSize), "0" },
        { nameof(TrainingOptions.ContextLength), "0" },
        { nameof(TrainingOptions.GradientAccumulation), "0" },
        { nameof(TrainingOptions.LearningRate), "0" },
        { nameof(TrainingOptions.MinimumLearningRateFraction), "1.5" },
        { nameof(TrainingOptions.WarmupSteps), "1001" },
        { nameof(TrainingOptions.DecayFraction), "0" },
        { nameof(TrainingOptions.Beta1), "1" },
        { nameof(TrainingOptions.Beta2), "-0.5" },
        { nameof(TrainingOptions.Epsilon), "0" },
        { nameof(TrainingOptions.WeightDecay), "-1" },
        { nameof(TrainingOptions.L1), "-1" },
        { nameof(TrainingOptions.L2), "-1" },
        { nameof(TrainingOptions.GradientClip), "-1" },
        { nameof(TrainingOptions.EvaluateEvery), "-1" },
        { nameof(TrainingOptions.EvaluationBatches), "0" },
        { nameof(TrainingOptions.CheckpointEvery), "-1" },
        { nameof(TrainingOptions.KeepCheckpoints), "0" },
        { nameof(TrainingOptions.EarlyStopPatience), "0" },
    };

    [Theory]
    [MemberData(nameof(BadOptions))]
    public void An_option_that_makes_no_sense_is_refused_by_name(string property, string value)
    {
        var options = JsonSerializer.Deserialize(
            $$"""{"{{JsonNamingPolicy.SnakeCaseLower.ConvertName(property)}}":{{value}}}""", TrainingJson.Default.TrainingOptions)!;
        Assert.Equal(property, Assert.Throws<ArgumentException>(options.Validate).ParamName);
    }

    [Fact]
    public void Values_that_are_no_numbers_are_refused()
        => Assert.Equal("LearningRate", Assert.Throws<ArgumentException>(
            new TrainingOptions { LearningRate = double.NaN }.Validate).ParamName);

    [Fact]
    public void A_precision_that_does_not_exist_is_refused()
        => Assert.Equal("Precision", Assert.Throws<ArgumentException>(new TrainingOptions { Precision = (Precision)7 }.Validate).ParamName);

    [Fact]
    public void An_option_that_a_file_leaves_out_has_its_default()
        => Assert.Equal(new TrainingOptions { Steps = 7 }, JsonSerializer.Deserialize("""{"steps":7}""", TrainingJson.Default.TrainingOptions));

    [Fact]
    public void The_defaults_make_sense() => new TrainingOptions().Validate();
}
