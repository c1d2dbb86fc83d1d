using System.Text.Json;

using Idiolect.Recipes;

namespace Idiolect.Cli.Tests;

/// <summary>Runs from recipes and from trained models, through the real executable.</summary>
[Trait("Lane", "Full")]
public sealed class RecipeRunTests : IDisposable
{
    private const string Small = "--tokenizer char --layers 1 --heads 1 --width 16 --context 16 --batch 2 --eval-every 3 --eval-batches 2 --dropout 0.1";

    private readonly TemporaryFolder folder = new();

    public RecipeRunTests()
    {
        File.WriteAllText(folder.Combine("text.txt"), string.Concat(Enumerable.Range(0, 300).Select(i => $"the cat number {i % 37} sat on the mat {i % 11}\n\n")));
        File.WriteAllText(folder.Combine("other.txt"), string.Concat(Enumerable.Range(0, 300).Select(i => $"a mat number {i % 29} sat on the cat {i % 7}\n\n")));
        File.WriteAllText(
            folder.Combine("labels.jsonl"),
            string.Concat(Enumerable.Range(0, 60).Select(i => $"{{\"text\": \"the {(i % 2 == 0 ? "cat" : "mat")} {i}\", \"label\": \"{i % 2}\"}}\n")));
    }

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task The_recipe_of_a_run_gives_the_same_bytes()
    {
        await TrainAsync($"train --data text.txt {Small} --steps 7 --warmup 6 --name first");
        Assert.Equal(Path.Combine(Path.GetFullPath(folder.Path), "text.txt"), Run.Open(folder.Combine("runs/first")).ReadRecipe().Data.Source);

        await TrainAsync("train runs/first/recipe.json --name again --threads 1");
        Assert.Equal(Weights("first"), Weights("again"));

        await TrainAsync("train runs/first/recipe.json --name another --seed 5");
        Assert.NotEqual(Weights("first"), Weights("another"));
    }

    [Fact]
    public async Task A_model_goes_on_with_other_text_and_its_recipe_gives_the_same_bytes()
    {
        await TrainAsync($"train --data text.txt {Small} --steps 4 --name first");
        await TrainAsync("train --base first --data other.txt --steps 5 --lr 0.001 --batch 2 --eval-every 5 --name second");
        var recipe = Run.Open(folder.Combine("runs/second")).ReadRecipe();
        Assert.Equal(64, recipe.Base?.WeightsHash?.Length);
        Assert.Equal(16, recipe.Model.ContextLength);
        Assert.Equal(File.ReadAllText(Path.Combine(Model("first"), "tokenizer.json")), File.ReadAllText(Path.Combine(Model("second"), "tokenizer.json")));

        await TrainAsync("train runs/second/recipe.json --name again");
        Assert.Equal(Weights("second"), Weights("again"));

        await TrainAsync("tune first --data labels.jsonl --steps 4 --name tuned");
        await TrainAsync("train runs/tuned/recipe.json --name retuned");
        Assert.Equal(Weights("tuned"), Weights("retuned"));

        File.AppendAllText(Path.Combine(Model("first"), "model.safetensors"), " ");
        var refused = await RunAsync("train runs/second/recipe.json --name third");
        Assert.Contains("it is another model by now", refused.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_base_model_has_already_is_refused()
    {
        await TrainAsync($"train --data text.txt {Small} --steps 1 --name first");
        (string Flags, string Message)[] refusals =
        [
            ("--layers 3", "--layers means nothing to --base"),
            ("--tokenizer byte", "--tokenizer means nothing to --base"),
            ("--depth 3", "--depth means nothing to --base"),
            ("--model lstm", "--model means nothing to --base"),
            ("--task translate", "--base means nothing to --task translate"),
            ("--preset lstm", "--preset lstm has no settings for the gpt of --base; leave one of them out"),
            ("--preset ngram", "--preset ngram has no settings for the gpt of --base"),
            ("--preset translate", "--preset translate has no settings for the gpt of --base"),
            ("--preset bert", "--preset bert has no settings for the gpt of --base"),
            ("--context 17", "--context 17 is longer than the 16 tokens that the model of --base sees"),
        ];
        foreach (var (flags, message) in refusals)
        {
            var refused = await Cli.RunAsync([.. $"train --base {Model("first")} --data {folder.Combine("other.txt")} {flags} --out {folder.Combine("second")}".Split(' ')]);
            Assert.Equal(1, refused.ExitCode);
            Assert.Contains(message, refused.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_run_that_goes_on_otherwise_says_so()
    {
        await TrainAsync($"train --data text.txt {Small} --steps 4 --name first");
        var same = await RunAsync("train --resume first");
        Assert.DoesNotContain("going on otherwise", same.Out, StringComparison.Ordinal);

        var told = await RunAsync("train --resume first --steps 6 --lr 0.0005");
        Assert.Contains("going on otherwise after step 4: ", told.Out, StringComparison.Ordinal);
        Assert.Contains("--lr is 0.0005 (was 0.006)", told.Out, StringComparison.Ordinal);
        Assert.Contains("--steps is 6 (was 4)", told.Out, StringComparison.Ordinal);

        var news = (await RunAsync("train --resume first --steps 8 --data other.txt --json")).Out.TrimEnd().Split('\n')
            .Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        var changed = news.Single(line => line.GetProperty("event").GetString() == "changed");
        Assert.Equal(["Steps", "Data"], changed.GetProperty("changes").EnumerateObject().Select(change => change.Name));
    }

    [Fact]
    public async Task A_recipe_of_ones_own_on_a_model_takes_the_models_context_and_a_resume_keeps_its_baselines()
    {
        await TrainAsync($"train --data text.txt {Small} --steps 1 --name first");
        File.WriteAllText(folder.Combine("mine.json"), "{\"base\": {\"model\": \"runs/first\"}, \"data\": {\"source\": \"other.txt\"}}");
        await TrainAsync("train mine.json --steps 2 --batch 2 --eval-batches 1 --baselines --name second");
        var run = Run.Open(folder.Combine("runs/second"));
        Assert.Equal((16, true), (run.ReadRecipe().Model.ContextLength, run.ReadRecipe().Evaluation.Baselines));

        await TrainAsync("train --resume second --steps 3");
        Assert.Equal((3, true), (run.ReadRecipe().Optimizer.Steps, run.ReadRecipe().Evaluation.Baselines));
        Assert.Equal(2, Recipe.Load(folder.Combine("runs/second/recipe.json")).Optimizer.Steps);
    }

    [Fact]
    public async Task A_recipe_with_a_mistake_names_file_and_field()
    {
        File.WriteAllText(folder.Combine("mine.json"), "{\"optimizer\": {\"learningrate\": 0.1}}");
        var refused = await Cli.RunAsync("train", folder.Combine("mine.json"));
        Assert.Equal(1, refused.ExitCode);
        Assert.StartsWith($"error: {folder.Combine("mine.json")}: unknown field optimizer.learningrate; optimizer has kind, steps,", refused.Error, StringComparison.Ordinal);
        Assert.Single(refused.Error.TrimEnd('\n').Split('\n'));
    }

    private string Model(string name) => Run.Open(folder.Combine($"runs/{name}")).ModelFolder!;

    private byte[] Weights(string name) => File.ReadAllBytes(Path.Combine(Model(name), "model.safetensors"));

    private async Task TrainAsync(string line)
    {
        var result = await RunAsync(line);
        Assert.Equal("", result.Error);
        Assert.Equal(0, result.ExitCode);
    }

    private Task<Cli.Result> RunAsync(string line) => Cli.RunProcessAsync(folder.Path, Cli.Executable, line.Split(' '));
}
