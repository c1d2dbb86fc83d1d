using System.Text.Json;

using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Cli.Tests;

/// <summary>What the verbs make of model folders that come from elsewhere.</summary>
public sealed class ModelFolderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Generation_config_gives_the_defaults_of_generate_and_flags_win()
    {
        var model = Save();
        File.WriteAllText(Path.Combine(model, "generation_config.json"), """{"max_new_tokens":4,"do_sample":false,"num_return_sequences":2}""");

        var greedy = await TextsAsync("generate", model, "--prompt", "ab", "--json");
        Assert.Equal(2, greedy.Count);
        Assert.All(greedy, text => Assert.Equal(4, text.GetProperty("tokens").GetInt32()));
        Assert.Equal(greedy[0].GetProperty("text").GetString(), greedy[1].GetProperty("text").GetString());

        var flags = await TextsAsync(
            "generate", model, "--prompt", "ab", "--json", "--max-tokens", "40", "--temperature", "5", "--samples", "3", "--seed", "1");
        Assert.Equal(3, flags.Count);
        Assert.Equal(3, flags.Select(text => text.GetProperty("text").GetString()).Distinct().Count());
        Assert.Contains(flags, text => text.GetProperty("tokens").GetInt32() > 4);
    }

    [Fact]
    public async Task What_generation_config_asks_for_in_vain_is_named()
    {
        var model = Save();
        File.WriteAllText(Path.Combine(model, "generation_config.json"), """{"no_repeat_ngram_size":3,"num_beams":4,"max_new_tokens":2}""");

        var result = await Cli.RunAsync("generate", model, "--prompt", "ab", "--json");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("generation_config.json also asks for no_repeat_ngram_size, num_beams", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Info_shows_how_a_model_is_meant_to_write()
    {
        var model = Save();
        File.WriteAllText(
            Path.Combine(model, "generation_config.json"), """{"eos_token_id":[256,257],"temperature":0.6,"top_k":20,"num_beams":4,"stop_strings":"END"}""");

        Assert.Contains(
            "generation          eos_token_id 256, 257; temperature 0.6; top_k 20; stop_strings END; unsupported num_beams\n",
            (await Cli.RunAsync("info", model)).Out, StringComparison.Ordinal);
        Assert.Contains(
            """
            "generation":{"eos_token_id":[256,257],"temperature":0.6,"top_k":20,"stop_strings":["END"],"unsupported":["num_beams"]}
            """.Trim(), (await Cli.RunAsync("info", model, "--json")).Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_generation_config_is_an_error_that_names_the_field()
    {
        var model = Save();
        File.WriteAllText(Path.Combine(model, "generation_config.json"), """{"top_p":2}""");
        foreach (var verb in new[] { "generate", "info" })
        {
            var result = await Cli.RunAsync(verb, model);
            Assert.Equal(1, result.ExitCode);
            Assert.Contains("generation_config.json: field top_p: 2 must be above 0 and at most 1", result.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("eval", "--data")]
    [InlineData("generate", "--prompt")]
    [InlineData("embed", "--text")]
    public async Task A_result_that_is_not_a_number_is_an_error_that_names_the_tensor(string verb, string flag)
    {
        var model = Save(bad: "layers.0.feed_forward.down.weight");
        var text = verb == "eval" ? folder.Write("text.txt", "some words to predict\n") : "some words";
        foreach (var json in new[] { false, true })
        {
            string[] args = [verb, model, flag, text, .. json ? ["--json"] : Array.Empty<string>()];
            var result = await Cli.RunAsync(args);
            Assert.Equal(1, result.ExitCode);
            Assert.Contains("tensor transformer.h.0.mlp.c_proj.weight of the model holds NaN", result.Error, StringComparison.Ordinal);
            Assert.Equal(json, result.Out.Contains("\"event\":\"error\"", StringComparison.Ordinal));
            Assert.DoesNotContain("done", result.Out, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Damage_of_a_checkpoint_is_noticed_by_every_verb()
    {
        Save();
        var checkpoint = new CheckpointStore(folder.Combine("run")).Save(1, partial =>
        {
            foreach (var file in Directory.GetFiles(folder.Combine("model")))
            {
                File.Copy(file, Path.Combine(partial, Path.GetFileName(file)));
            }
        }).Path;
        var weights = Path.Combine(checkpoint, "model.safetensors");
        var content = File.ReadAllBytes(weights);
        content[^7] ^= 0x20;
        File.WriteAllBytes(weights, content);
        var text = folder.Write("text.txt", "some words to predict\n");

        foreach (var verb in new[] { $"eval --data {text}", "generate --prompt a", "embed --text a" })
        {
            var words = verb.Split(' ');
            var result = await Cli.RunAsync([words[0], folder.Combine("run"), .. words[1..]]);
            Assert.Equal(1, result.ExitCode);
            Assert.Contains("is damaged (model.safetensors has changed: its XXH128 is not the one in checksums.json); the run has no intact one", result.Error, StringComparison.Ordinal);
        }
        var copied = await Cli.RunAsync("generate", checkpoint, "--prompt", "a");
        Assert.Equal(1, copied.ExitCode);
        Assert.Contains("model.safetensors has changed", copied.Error, StringComparison.Ordinal);
        Assert.Contains("damaged             model.safetensors has changed", (await Cli.RunAsync("info", folder.Combine("run"))).Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("model.safetensors")]
    [InlineData("model.safetensors.index.json")]
    [InlineData("generation_config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("checksums.json")]
    public async Task A_pipe_or_device_in_the_place_of_a_file_is_named_and_nobody_waits_for_it(string file)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "only there it is known what a path is");
        var model = Save();
        var path = Path.Combine(model, file);
        if (file.EndsWith("index.json", StringComparison.Ordinal))
        {
            File.Delete(Path.Combine(model, "model.safetensors"));
        }
        foreach (var (what, command) in new[] { ("a pipe", "mkfifo"), ("a device", "ln -s /dev/zero") })
        {
            File.Delete(path);
            var words = command.Split(' ');
            using var process = System.Diagnostics.Process.Start(words[0], [.. words[1..], path]);
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
            var result = await Cli.RunAsync("generate", model, "--prompt", "a").WaitAsync(TimeSpan.FromMinutes(1), TestContext.Current.CancellationToken);
            Assert.Equal((1, ""), (result.ExitCode, result.Out));
            Assert.Contains($"{file} is {what}", result.Error.Replace("'", "", StringComparison.Ordinal), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("model.gguf", "is a GGUF file, which is not read here")]
    [InlineData("model/model.safetensors", "it is a file in one; give the folder, ")]
    [InlineData("text.txt", "it is a file; a model folder holds config.json, model.safetensors and tokenizer.json")]
    public async Task A_file_in_the_place_of_a_model_is_said_to_be_what_it_is(string file, string message)
    {
        Save();
        folder.Write("model.gguf", "GGUF");
        folder.Write("text.txt", "text");
        foreach (var verb in new[] { "generate", "info", "embed --text a", "classify --text a", "fill --text [MASK]", "translate --text a", "eval" })
        {
            var words = verb.Split(' ');
            var result = await Cli.RunAsync([words[0], folder.Combine(file), .. words[1..]]);
            Assert.Equal(1, result.ExitCode);
            Assert.Contains(message, result.Error, StringComparison.Ordinal);
        }
    }

    private static async Task<IReadOnlyList<JsonElement>> TextsAsync(params string[] args)
    {
        var result = await Cli.RunAsync(args);
        Assert.Equal((0, ""), (result.ExitCode, result.Error));
        return [.. result.Out.TrimEnd().Split('\n').Select(line => JsonDocument.Parse(line).RootElement)
            .Where(news => news.GetProperty("event").GetString() == "text")];
    }

    private string Save(string? bad = null)
    {
        var tokenizer = new ByteTokenizer();
        using var model = new LanguageModel(new Gpt(GptConfig.Gpt2(tokenizer.VocabularySize, 64, 1, 2, 16), seed: 1), tokenizer);
        if (bad is not null)
        {
            model.Model.Parameters[bad].MutableValues[3] = float.NaN;
        }
        model.Save(folder.Combine("model"));
        return folder.Combine("model");
    }
}
