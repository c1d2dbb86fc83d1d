namespace Idiolect.Cli.Tests;

public sealed class HelpTests
{
    public static TheoryData<string> Verbs => new(
        "train", "generate", "translate", "tune", "classify", "fill", "embed", "eval", "data", "data show", "data stats", "data prepare", "data cache", "tokenizer", "tokenizer train", "tokenizer encode", "tokenizer decode", "info", "lab",
        "lab run", "bench", "bench machine", "bench train", "completion");

    [Fact]
    public async Task The_root_help_lists_the_verbs_and_examples()
    {
        var result = await Cli.RunAsync("--help");

        Assert.Equal(0, result.ExitCode);
        // The name of the executable is that of the process, here the test's.
        var name = Application.CreateRoot(new Terminal(TextWriter.Null, TextWriter.Null, 80, live: false)).Name;
        Assert.Equal(
            $"""
            Description:
              Idiolect pre-trains a GPT on your text and lets it write: pure C#, no Python, 
              no native code of ours.

            Usage:
              {name} [command] [options]

            Options:
              -?, -h, --help  Show help and usage information
              --version       Show version information

            Commands:
              train <RECIPE>   Pre-train a language model on text
              generate <RUN>   Let a model write
              translate <RUN>  Let a model translate
              tune <RUN>       Teach a trained model to classify texts
              classify <RUN>   Let a tuned model say which label a text has
              fill <RUN>       Let a bert fill the gaps of a text
              embed <RUN>      Turn texts into vectors and say which are alike
              eval <RUN>       Measure how well a model predicts a text
              data             Look at text as a model will see it, and clean it
              tokenizer        Train a tokenizer; turn text into tokens and back
              info <RUN>       Show what a run or model folder is
              lab              Experiments that show why transformers took over
              bench            Measure this machine, and training on it
              completion       Print the script for tab completion in a shell

            Examples:
              idiolect train             # on your SDK's documentation, about three minutes
              idiolect generate          # with the model trained last
              idiolect train --data book.txt --tokenizer char
              idiolect info latest


            """, result.Out, ignoreLineEndingDifferences: true);
    }

    [Fact]
    public async Task No_verb_shows_the_same_help() =>
        Assert.Equal((await Cli.RunAsync("--help")).Out, (await Cli.RunAsync()).Out);

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Help_fits_into_80_columns_and_has_examples(string verb)
    {
        var result = await Cli.RunAsync([.. verb.Split(' '), "--help"]);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("Examples:", result.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(result.Out.Split('\n'), line => line.TrimEnd().Length > 80);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(23)]
    public async Task Help_ends_on_the_narrowest_terminal(int width)
    {
        foreach (var verb in Verbs.Select(row => row.Data))
        {
            var output = new StringWriter();
            using var terminal = new Terminal(output, TextWriter.Null, width, live: false);
            var help = Task.Run(() => Application.RunAsync([.. verb.Split(' '), "--help"], terminal, CancellationToken.None), TestContext.Current.CancellationToken);
            Assert.Equal(0, await help.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken));
            Assert.Contains("Examples:", output.ToString(), StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(Verbs))]
    public async Task Examples_are_understood(string verb)
    {
        var root = Application.CreateRoot(new Terminal(TextWriter.Null, TextWriter.Null, 80, live: false));
        var help = await Cli.RunAsync([.. verb.Split(' '), "--help"]);
        var examples = help.Out[help.Out.IndexOf("Examples:", StringComparison.Ordinal)..].Split('\n').Skip(1)
            .Select(line => line.Trim())
            .Where(line => line.StartsWith("idiolect ", StringComparison.Ordinal))
            .Select(line => line["idiolect ".Length..].Split('|', '<', '#')[0].Replace('\'', '"'));

        foreach (var example in examples)
        {
            Assert.Null(Usage.FindError(root.Parse(example)));
        }
    }

    [Theory]
    [InlineData("train", "--data --tokenizer --vocab --layers --heads --width --context --batch --steps --lr --dropout --weight-decay --warmup "
        + "--seed --threads --eval-every --eval-batches --out --resume --preset --json --depth")]
    [InlineData("generate", "--prompt --max-tokens --temperature --top-k --top-p --min-p --seed --samples --json --stop --repetition-penalty --logprobs")]
    [InlineData("eval", "--data --json")]
    [InlineData("tune", "--task --data --text-field --label-field --freeze --steps --epochs --lr --batch --out --resume --json")]
    [InlineData("classify", "--text --file --json")]
    [InlineData("fill", "--text --top-k --json")]
    [InlineData("embed", "--text --file --json")]
    [InlineData("info", "--json")]
    [InlineData("bench machine", "--json --threads")]
    [InlineData("bench train", "--preset --precision --batch --context --layers --heads --width --steps --threads --peer --json")]
    [InlineData("lab", "--json")]
    [InlineData("lab run", "--quick --seed --out --json")]
    [InlineData("tokenizer train", "--json")]
    [InlineData("tokenizer encode", "--json")]
    [InlineData("tokenizer decode", "--json")]
    public async Task Every_promised_flag_is_there(string verb, string flags)
    {
        var help = (await Cli.RunAsync([.. verb.Split(' '), "--help"])).Out;

        Assert.All(flags.Split(' '), flag => Assert.Contains($"  {flag} ", help, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Version_is_one_line()
    {
        var result = await Cli.RunAsync("--version");

        Assert.Equal(0, result.ExitCode);
        Assert.Matches(@"^idiolect \d+\.\d+\.\d+\S*\n$", result.Out);
    }
}
