using System.Globalization;
using System.Text.Json;

using Idiolect.Cli.Commands;
using Idiolect.Cli.Output;
using Idiolect.Recipes;
using Idiolect.Evaluation;
using Idiolect.Generation;
using Idiolect.Training;

namespace Idiolect.Cli.Tests;

public sealed class JsonOutputTests
{
    [Fact]
    public void Start_has_the_parameters() =>
        Assert.StartsWith("{\"event\":\"start\",\"parameters\":1234567,\"run\":\"runs/quiet-harbor\",", Line(Events.Started()), StringComparison.Ordinal);

    [Fact]
    public void Step_has_the_promised_fields() => Assert.Equal(
        "{\"event\":\"step\",\"step\":7,\"loss\":3.25,\"ms\":50,\"tokensPerSecond\":40960,\"learningRate\":0.001,\"gradientNorm\":0.7,\"mfu\":null}",
        Line(Events.Step(7, 3.25)));

    [Fact]
    public void A_step_says_its_share_of_the_peak_once_that_is_known()
    {
        var output = new StringWriter { NewLine = "\n" };
        var json = new JsonTrainingOutput(output);

        json.Report(Events.Started());
        json.Report(Events.Step(7, 3.25));

        var step = JsonDocument.Parse(output.ToString().TrimEnd().Split('\n')[^1]).RootElement;
        Assert.Equal(0.62, step.GetProperty("mfu").GetDouble(), 9);
    }

    [Fact]
    public void Evaluation_has_the_promised_fields() => Assert.Equal(
        "{\"event\":\"eval\",\"step\":100,\"trainLoss\":2.5,\"valLoss\":2.75,\"bitsPerByte\":1.5,\"best\":true}",
        Line(new EvaluationCompleted(100, 2.5, 2.75, 1.5, IsBest: true)));

    [Fact]
    public void Done_has_the_promised_fields() => Assert.Equal(
        "{\"event\":\"done\",\"run\":\"runs/quiet-harbor\",\"valLoss\":2.1337,\"bitsPerByte\":1.2202,\"trainSeconds\":125.5,\"steps\":300,"
        + "\"baselines\":{\"xz\":1.55,\"n-gram\":null}}",
        Line(Events.Finished()));

    [Fact]
    public void An_interrupted_run_says_how_to_go_on()
    {
        var root = JsonDocument.Parse(Line(Events.Finished(interrupted: true))).RootElement;

        Assert.Equal("interrupted", root.GetProperty("event").GetString());
        Assert.Equal("idiolect train --resume runs/quiet-harbor", root.GetProperty("resume").GetString());
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(double.NegativeInfinity)]
    public void What_is_no_number_is_null(double loss) =>
        Assert.Equal(JsonValueKind.Null, JsonDocument.Parse(Line(Events.Step(1, loss))).RootElement.GetProperty("loss").ValueKind);

    [Fact]
    public void Numbers_do_not_follow_the_culture()
    {
        var before = CultureInfo.CurrentCulture;
        // The library of cultures is left out of the tool, so this makes one with a decimal comma.
        CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = "," } };
        try
        {
            Assert.Contains("\"loss\":3.25", Line(Events.Step(7, 3.25)), StringComparison.Ordinal);
            Assert.Contains("loss 2.500", TrainingText.Evaluation(new EvaluationCompleted(1, 2.5, 2.5, 1, true)), StringComparison.Ordinal);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void Generate_prints_an_object_a_piece_and_a_text_and_the_speed()
    {
        var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, 80, live: false);
        var generation = new GenerationOutput(terminal, json: true, ["Hä", "Da"], samples: 1);

        generation.Begin();
        generation.Append(Piece(1, "", [9], [-0.5], FinishReason.EndOfText)); // kept until its turn
        generation.Append(Piece(0, "\nll", [5], [], null));
        generation.Append(Piece(0, "o", [6, 7], [], FinishReason.MaxTokens));
        generation.Done(1000.5, 200.25);

        Assert.Equal(
            "{\"event\":\"piece\",\"sample\":1,\"promptNumber\":2,\"text\":\"\",\"tokens\":[9]}\n"
            + "{\"event\":\"piece\",\"sample\":1,\"promptNumber\":1,\"text\":\"\\nll\",\"tokens\":[5]}\n"
            + "{\"event\":\"piece\",\"sample\":1,\"promptNumber\":1,\"text\":\"o\",\"tokens\":[6,7]}\n"
            + "{\"event\":\"text\",\"sample\":1,\"promptNumber\":1,\"prompt\":\"Hä\",\"text\":\"\\nllo\",\"tokens\":3,\"reason\":\"maxTokens\",\"ids\":[5,6,7]}\n"
            + "{\"event\":\"text\",\"sample\":1,\"promptNumber\":2,\"prompt\":\"Da\",\"text\":\"\",\"tokens\":1,\"reason\":\"endOfText\",\"ids\":[9],\"logProbabilities\":[-0.5]}\n"
            + "{\"event\":\"done\",\"promptTokensPerSecond\":1000.5,\"tokensPerSecond\":200.25}\n",
            output.ToString());
    }

    [Fact]
    public void Generate_keeps_what_it_wrote_when_it_is_interrupted()
    {
        var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, 80, live: false);
        var generation = new GenerationOutput(terminal, json: true, ["Hä"], samples: 1);

        generation.Begin();
        generation.Append(Piece(0, "ll", [5], [], null));
        generation.Interrupt();

        Assert.EndsWith(
            "{\"event\":\"text\",\"sample\":1,\"prompt\":\"Hä\",\"text\":\"ll\",\"tokens\":1,\"reason\":\"interrupted\",\"ids\":[5]}\n", output.ToString(),
            StringComparison.Ordinal);
    }

    private static GeneratedPiece Piece(int prompt, string text, int[] ids, double[] logProbabilities, FinishReason? reason) => new()
    {
        Prompt = prompt, Sample = 0, Text = text, TokenIds = ids, LogProbabilities = logProbabilities, TokenCount = ids.Length, FinishReason = reason,
    };

    [Fact]
    public void Eval_prints_loss_bits_and_perplexity()
    {
        var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, 80, live: false);

        EvalCommand.Write(new Measurement(new EvaluationResult(0, 1.25), 10, 40), "all of it", terminal, json: true);

        Assert.Equal("{\"event\":\"done\",\"loss\":0,\"bitsPerByte\":1.25,\"perplexity\":1,\"tokens\":10}\n", output.ToString());
    }

    [Fact]
    public void Encode_prints_the_ids_that_decode_reads()
    {
        var output = new StringWriter { NewLine = "\n" };
        using var terminal = new Terminal(output, TextWriter.Null, 80, live: false);

        TokenizerEncodeCommand.Write([15496, 11, 995], terminal, json: false);

        Assert.Equal([15496, 11, 995], TokenizerDecodeCommand.ParseIds(output.ToString()));
        Assert.Equal([1, 2], TokenizerDecodeCommand.ParseIds("[1, 2]"));
        Assert.Throws<ArgumentException>(() => TokenizerDecodeCommand.ParseIds("1 -2"));
    }

    private static string Line(TrainingProgress value)
    {
        var output = new StringWriter { NewLine = "\n" };
        new JsonTrainingOutput(output).Report(value);
        return Assert.Single(output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }
}
