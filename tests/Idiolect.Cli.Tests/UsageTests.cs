using System.Text.Json;

namespace Idiolect.Cli.Tests;

public sealed class UsageTests
{
    [Theory]
    [InlineData("train --stpes 5", "unknown flag --stpes; did you mean --steps?", "see idiolect train --help")]
    [InlineData("train --stpes=5", "unknown flag --stpes; did you mean --steps?", "see idiolect train --help")]
    [InlineData("train --frobnicate", "unknown flag --frobnicate", "see idiolect train --help")]
    [InlineData("generate --tempratur 1", "unknown flag --tempratur; did you mean --temperature?", "see idiolect generate --help")]
    [InlineData("tokenizer encode --tokenizr tk cat", "unknown flag --tokenizr; did you mean --tokenizer?", "see idiolect tokenizer encode --help")]
    [InlineData("trian --steps 5", "unknown verb \"trian\"; did you mean train?", "see idiolect --help")]
    [InlineData("tokenizer encod --text a", "unknown verb \"encod\"; did you mean encode?", "see idiolect tokenizer --help")]
    [InlineData("--steps 5 train", "--steps stands behind the verb: idiolect train --steps", "see idiolect train --help")]
    [InlineData("trian", "unknown verb \"trian\"; did you mean train?", "see idiolect --help")]
    [InlineData("tokenizer encod", "unknown verb \"encod\"; did you mean encode?", "see idiolect tokenizer --help")]
    [InlineData("tokenizer", "tokenizer needs a verb: train, encode, decode", "see idiolect tokenizer --help")]
    [InlineData("train --layers many", "--layers takes a whole number, not \"many\"", "see idiolect train --help")]
    [InlineData("train --layers 1.5", "--layers takes a whole number, not \"1.5\"", "see idiolect train --help")]
    [InlineData("train --layers 99999999999", "--layers takes a whole number from 1 to 10000, not \"99999999999\"", "see idiolect train --help")]
    [InlineData("train --steps 99999999999", "--steps takes a whole number from 1 to 2147483647, not \"99999999999\"", "see idiolect train --help")]
    [InlineData("train --seed -1", "--seed takes a whole number from 0 to 18446744073709551615, not \"-1\"", "see idiolect train --help")]
    [InlineData("train --lr 1e400", "--lr takes a number from 0 to 10, not \"1e400\"", "see idiolect train --help")]
    [InlineData("train --data ", "--data takes PATH|dotnet-docs, not \"\"", "see idiolect train --help")]
    [InlineData("train --lr fast", "--lr takes a number, not \"fast\"", "see idiolect train --help")]
    [InlineData("train --lr NaN", "--lr takes a number, not \"NaN\"", "see idiolect train --help")]
    [InlineData("train --lr", "--lr needs a value: --lr X", "see idiolect train --help")]
    [InlineData("train --steps 1 --steps 2", "--steps was given 2 values and takes one", "see idiolect train --help")]
    [InlineData("train --name latest", "--name takes a name for a folder under runs/, not \"latest\"; --out takes a path", "see idiolect train --help")]
    [InlineData("train --name ", "--name takes a name for a folder under runs/, not \"\"; --out takes a path", "see idiolect train --help")]
    [InlineData("train --name ..", "--name takes a name for a folder under runs/, not \"..\"; --out takes a path", "see idiolect train --help")]
    [InlineData("tune --name a/b", "--name takes a name for a folder under runs/, not \"a/b\"; --out takes a path", "see idiolect tune --help")]
    [InlineData("train a.json b.json", "unexpected \"b.json\"", "see idiolect train --help")]
    [InlineData("train --schedule cosin", "--schedule takes cosine, wsd, constant, inverse-sqrt, not \"cosin\"; did you mean cosine?", "see idiolect train --help")]
    [InlineData("train --layers -3", "--layers takes a whole number from 1 to 10000, not -3", "see idiolect train --help")]
    [InlineData("train --width 0", "--width takes a whole number from 1 to 1000000, not 0", "see idiolect train --help")]
    [InlineData("train --dropout 1.5", "--dropout takes a number from 0 to 0.95, not 1.5", "see idiolect train --help")]
    [InlineData("train --vocab 10", "--vocab takes a whole number from 257 to 1000000, not 10", "see idiolect train --help")]
    [InlineData("train --threads 30000", "--threads takes a whole number from 1 to 1024, not 30000", "see idiolect train --help")]
    [InlineData("generate --max-tokens -1", "--max-tokens takes a whole number of at least 1, not -1", "see idiolect generate --help")]
    [InlineData("generate --top-p 2", "--top-p takes a number from 0.0001 to 1, not 2", "see idiolect generate --help")]
    [InlineData("generate --top-p 0", "--top-p takes a number from 0.0001 to 1, not 0", "see idiolect generate --help")]
    [InlineData("generate --min-p 1", "--min-p takes a number from 0 to 0.9999, not 1", "see idiolect generate --help")]
    [InlineData(
        "train --preset nanogtp",
        "--preset takes default, nanogpt-cpu, nanogpt, gpt2-124m, llama-tiny, translate, lstm, gru, rnn, bert, ngram, not \"nanogtp\"; did you mean nanogpt?",
        "see idiolect train --help")]
    public async Task A_line_that_is_not_understood_ends_with_2_and_a_hint(string line, string message, string hint)
    {
        var result = await Cli.RunAsync(line.Split(' '));

        Assert.Equal(new Cli.Result(2, "", $"error: {message}\n{hint}\n"), result);
    }

    [Theory]
    [InlineData("train --task translate --to de,de", "--to names de twice")]
    [InlineData("tokenizer train --vocab 257 --special a1 --special b1", "A vocabulary of 257 is too small: it needs at least 258 tokens, 256 bytes and 2 special.")]
    [InlineData("train --width 100 --heads 3", "--width must be a multiple of --heads, and 100 is none of 3; try --width 102")]
    [InlineData("train --warmup 900 --steps 800", "--warmup 900 is longer than --steps 800")]
    [InlineData("train --batch 40000000", "--batch 40000000 of --context 256 are more tokens than a step can have; choose less of either, or --grad-accumulation")]
    [InlineData("train --lr 0.001 --min-lr 0.01", "--min-lr 0.01 is above --lr 0.001")]
    [InlineData("tokenizer train --field body", "--field means nothing to dotnet-docs, whose texts have no fields; leave it out")]
    [InlineData("train book.txt", "book.txt is no recipe; to learn from a text: idiolect train --data book.txt")]
    [InlineData("train nanogpt", "there is no recipe nanogpt; --preset nanogpt is one")]
    [InlineData("train book.json --preset nanogpt", "there is no recipe book.json; a text to learn from stands behind --data")]
    [InlineData("train --name a --out b", "--out and --name both say where the run lies; leave one out")]
    public async Task A_value_that_cannot_be_ends_with_1_and_one_line(string line, string message)
    {
        var result = await Cli.RunAsync(line.Split(' '));

        Assert.Equal(new Cli.Result(1, "", $"error: {message}\n"), result);
    }

    [Theory]
    [InlineData("train --json --layers -3")]
    [InlineData("train --json --lyers 3")]
    [InlineData("train --json=true --lyers 3")]
    [InlineData("info /no/such/folder --json")]
    public async Task Errors_are_objects_too_with_json(string line)
    {
        var result = await Cli.RunAsync(line.Split(' '));

        var error = JsonDocument.Parse(result.Out).RootElement;
        Assert.Equal("error", error.GetProperty("event").GetString());
        Assert.StartsWith($"error: {error.GetProperty("message").GetString()}\n", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("train", "train", 0)]
    [InlineData("trian", "train", 1)]
    [InlineData("step", "steps", 1)]
    [InlineData("", "abc", 3)]
    [InlineData("kitten", "sitting", 3)]
    public void Distance_counts_edits_and_swaps(string a, string b, int expected)
    {
        Assert.Equal(expected, Spelling.Distance(a, b));
        Assert.Equal(expected, Spelling.Distance(b, a));
    }
}
