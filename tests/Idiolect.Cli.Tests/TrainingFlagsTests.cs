using System.CommandLine;

using Idiolect.Cli.Options;
using Idiolect.Recipes;

namespace Idiolect.Cli.Tests;

public sealed class TrainingFlagsTests
{
    [Fact]
    public void Nanogpt_cpu_is_the_published_setting_at_twice_the_learning_rate()
    {
        var setup = Resolve("--preset nanogpt-cpu");

        Assert.Equal((4, 4, 128, 64), (setup.Model.LayerCount, setup.Model.HeadCount, setup.Model.Width, setup.Model.ContextLength));
        Assert.Equal((12, 2000, 100), (setup.Optimizer.BatchSize, setup.Optimizer.Steps, setup.Optimizer.WarmupSteps));
        Assert.Equal((2e-3, 2e-4), (setup.Optimizer.LearningRate, setup.Optimizer.MinimumLearningRate));
        Assert.Equal((0, 0.1, 0.99), (setup.Model.Dropout, setup.Optimizer.WeightDecay, setup.Optimizer.Beta2));
        Assert.Equal(("gpt2", "char"), (setup.Model.Architecture, setup.Tokenizer.Kind));
    }

    [Theory]
    [InlineData("", true, "bf16")]
    [InlineData("--preset nanogpt-cpu", true, "bf16")]
    [InlineData("--depth 6", true, "bf16")]
    [InlineData("", false, "fp32")]
    [InlineData("--precision fp32", true, "fp32")]
    [InlineData("--precision bf16", false, "bf16")]
    [InlineData("--model lstm", true, "fp32")]
    [InlineData("--model bert", true, "fp32")]
    [InlineData("--task translate", true, "fp32")]
    public void A_gpt_trains_in_bf16_where_the_processor_multiplies_it(string line, bool multipliesBf16, string precision)
        => Assert.Equal(precision, Resolve(line, multipliesBf16).Precision);

    [Fact]
    public void Flags_win_over_depth_and_depth_over_preset()
    {
        var setup = Resolve("--preset llama-tiny --depth 6 --heads 3 --steps 77");

        Assert.Equal(6, setup.Model.LayerCount); // depth
        Assert.Equal(384, setup.Model.Width); // depth
        Assert.Equal(3, setup.Model.HeadCount); // flag
        Assert.Equal(77, setup.Optimizer.Steps); // flag
        Assert.Equal(2048, setup.Tokenizer.VocabularySize); // preset
    }

    [Fact]
    public void The_shape_of_gpt2_has_as_many_key_and_value_heads_as_heads()
        => Assert.Null(Resolve("--preset llama-tiny --architecture gpt2").Model.KeyValueHeadCount);

    [Fact]
    public void Depth_gives_twenty_tokens_a_parameter()
    {
        var setup = Resolve("--depth 4 --batch 8 --context 100");

        var tokens = setup.Optimizer.Steps * setup.TokensPerStep;
        Assert.InRange(tokens, 20L * 12 * 4 * 256 * 256, (20L * 12 * 4 * 256 * 256) + setup.TokensPerStep);
    }

    [Fact]
    public void Every_depth_fits_together() => Assert.All(Enumerable.Range(1, 64), depth => Resolve($"--depth {depth}"));

    [Theory]
    [InlineData("rnn")]
    [InlineData("lstm")]
    [InlineData("gru")]
    public void A_recurrent_model_starts_from_its_own_preset_and_follows_the_dial(string model)
    {
        Assert.Equal(Recipe.Preset(model).Resolve(() => false), Resolve($"--model {model}"));
        Assert.Equal(Recipe.Preset(model).Resolve(() => false), Resolve($"--preset {model}"));
        var (small, large) = (Resolve($"--model {model} --depth 1"), Resolve($"--model {model} --depth 4"));
        Assert.Equal((1, 128, 2, 512), (small.Model.LayerCount, small.Model.Width, large.Model.LayerCount, large.Model.Width));
        Assert.True(large.Optimizer.LearningRate < small.Optimizer.LearningRate && large.Optimizer.Steps > small.Optimizer.Steps);
        Assert.Equal((model, 64), (Resolve($"--preset nanogpt-cpu --model {model}").ModelName, Resolve($"--preset nanogpt-cpu --model {model}").Model.ContextLength));
    }

    [Theory]
    [InlineData("--model lstm", "--heads 2")]
    [InlineData("--model lstm", "--kv-heads 2")]
    [InlineData("--model lstm", "--architecture gpt2")]
    [InlineData("--model lstm", "--order 3")]
    [InlineData("--model lstm", "--recompute")]
    [InlineData("--model rnn", "--recompute")]
    [InlineData("--model gru", "--recompute")]
    [InlineData("--model bert", "--recompute")]
    [InlineData("--model ngram", "--early-stop 2")]
    [InlineData("--model gpt", "--order 3")]
    [InlineData("--task translate", "--val-fraction 0.2")]
    [InlineData("--task translate", "--recompute")]
    [InlineData("--task translate", "--field body")]
    [InlineData("--task translate", "--eval-batches 3")]
    [InlineData("--task translate", "--order 3")]
    [InlineData("--model transformer", "--kv-heads 2", "--task translate")]
    [InlineData("--model transformer", "--architecture llama", "--task translate")]
    [InlineData("--model lstm", "--heads 2", "--task translate")]
    [InlineData("--model lstm", "--kv-heads 2", "--task translate")]
    [InlineData("--model lstm-attention", "--norm post", "--task translate")]
    [InlineData("--model lstm-attention", "--architecture gpt2", "--task translate")]
    [InlineData("--model gpt", "--norm post", "--task translate")]
    [InlineData("--model gpt", "--label-smoothing 0.2", "--task translate")]
    [InlineData("--schedule constant", "--min-lr 0")]
    [InlineData("--schedule inverse-sqrt", "--min-lr 0")]
    [InlineData("--tokenizer char", "--vocab 300")]
    [InlineData("--tokenizer byte", "--vocab 300")]
    [InlineData("dotnet-docs, whose texts have no fields", "--field body", "--data dotnet-docs", "")]
    public void A_flag_without_a_use_is_refused(string what, string flag, string more = "", string? given = null)
    {
        var error = Assert.Throws<ArgumentException>(() => Resolve($"{more} {given ?? what} {flag}"));
        Assert.Equal($"{flag.Split(' ')[0]} means nothing to {what}; leave it out", error.Message);
    }

    [Theory]
    [InlineData("--model transformer --heads 2 --norm post --label-smoothing 0.2")]
    [InlineData("--model lstm --label-smoothing 0.2")]
    [InlineData("--model gpt --heads 2 --kv-heads 1 --architecture llama")]
    public void Flags_of_a_translator_are_taken(string line) => Assert.True(Resolve($"--task translate {line}").Translates);

    [Theory]
    [InlineData("--model lstm", "--recompute")]
    [InlineData("--model bert", "--recompute")]
    [InlineData("--model ngram", "--steps 3")]
    [InlineData("--model ngram", "--recompute")]
    [InlineData("--model ngram", "--early-stop 2")]
    [InlineData("--task translate", "--recompute")]
    public void A_flag_without_a_use_is_refused_when_a_run_goes_on(string what, string flag)
    {
        var (flags, command) = Create();
        var error = Assert.Throws<ArgumentException>(() => flags.ResolveResumed(Resolve(what), 0, command.Parse(flag)));
        Assert.Equal($"{flag.Split(' ')[0]} means nothing to {what}; leave it out", error.Message);
    }

    [Theory]
    [InlineData("--layers 3")]
    [InlineData("--lr 0.1")]
    [InlineData("--depth 2")]
    public void Flags_of_networks_are_refused_for_an_n_gram_model(string flag)
    {
        Assert.Equal(3, Resolve("--model ngram --order 3 --vocab 500").Model.Order);
        Assert.Throws<ArgumentException>(() => Resolve($"--model ngram {flag}"));
        Assert.Throws<ArgumentException>(() => Resolve("--order 3"));
    }

    [Fact]
    public void Deeper_models_learn_slower() => Assert.True(Resolve("--depth 8").Optimizer.LearningRate < Resolve("--depth 4").Optimizer.LearningRate);

    [Fact]
    public void The_lowest_learning_rate_follows_the_highest()
    {
        var setup = Resolve("--preset nanogpt-cpu --lr 0.002");

        Assert.Equal(2e-4, setup.Optimizer.MinimumLearningRate, 1e-12);
    }

    [Fact]
    public void A_short_run_shortens_its_warm_up() => Assert.Equal(5, Resolve("--steps 10").Optimizer.WarmupSteps);

    [Theory]
    [InlineData("--preset translate --task language-model", "--preset translate has no settings for --task language-model; leave one of them out")]
    [InlineData("--preset llama-tiny --task translate", "--preset llama-tiny has no settings for --task translate; leave one of them out")]
    [InlineData("--preset ngram --model gpt", "--preset ngram has no settings for --model gpt; leave one of them out")]
    [InlineData("--architecture gpt2 --kv-heads 2", "--kv-heads needs --architecture llama")]
    [InlineData("--heads 4 --kv-heads 3", "--heads must be a multiple of --kv-heads")]
    [InlineData("--heads 4 --width 12", "rotary positions need an even one; try --width 16")]
    public void What_does_not_fit_is_named(string line, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => Resolve(line)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_resumed_run_may_be_longer_but_not_wider()
    {
        var earlier = Resolve("--preset nanogpt-cpu");
        var (flags, command) = Create();

        Assert.Equal(earlier with { Optimizer = earlier.Optimizer with { Steps = 3000 }, Threads = 1 }, flags.ResolveResumed(earlier, 2000, command.Parse("--steps 3000 --threads 1")));
        var exception = Assert.Throws<ArgumentException>(() => flags.ResolveResumed(earlier, 2000, command.Parse("--width 256")));
        Assert.StartsWith("--width cannot change in a run that goes on", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_resumed_run_may_learn_faster_or_from_other_text()
    {
        var earlier = Resolve("--preset nanogpt-cpu");
        var (flags, command) = Create();

        var changed = flags.ResolveResumed(earlier, 2000, command.Parse("--lr 0.004 --data other.txt"));
        Assert.Equal((0.004, 0.0004, "other.txt"), (changed.Optimizer.LearningRate, Math.Round(changed.Optimizer.MinimumLearningRate, 9), changed.Data.Source));
    }

    [Theory]
    [InlineData("")]
    [InlineData("--steps 90")]
    [InlineData("--steps 80")]
    public void A_run_that_goes_on_keeps_its_warm_up(string line)
    {
        var earlier = Resolve("--steps 100 --warmup 80");
        var (flags, command) = Create();

        Assert.Equal(80, flags.ResolveResumed(earlier, 80, command.Parse(line)).Optimizer.WarmupSteps);
    }

    [Theory]
    [InlineData(90, "--steps 89", "--steps 89 is below the 90 steps that the run has taken")]
    [InlineData(40, "--steps 70", "--steps 70 ends within the run's warm-up of 80 steps")]
    public void A_run_that_goes_on_takes_no_fewer_steps_than_its_past_and_its_warm_up(long taken, string line, string message)
    {
        var earlier = Resolve("--steps 100 --warmup 80");
        var (flags, command) = Create();

        var error = Assert.Throws<ArgumentException>(() => flags.ResolveResumed(earlier, taken, command.Parse(line)));
        Assert.StartsWith(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_recipe_is_taken_as_it_is()
    {
        using var folder = new TemporaryFolder();
        var file = folder.Combine("recipe.json");
        var recipe = Resolve("--preset nanogpt-cpu --steps 100 --warmup 80 --lr 0.003");
        recipe.Save(file);
        var (flags, command) = Create();

        Assert.Equal(recipe, flags.Resolve(command.Parse(""), file));
        Assert.Equal((100, 80, 7ul), (flags.Resolve(command.Parse("--seed 7"), file) is var other ? other.Optimizer.Steps : 0, other.Optimizer.WarmupSteps, other.Seed));
        var error = Assert.Throws<ArgumentException>(() => flags.Resolve(command.Parse("--preset default"), file));
        Assert.Equal("RECIPE and --preset both say which settings to start from; leave one out", error.Message);
    }

    private static Recipe Resolve(string line, bool prefersBf16 = false)
    {
        var (flags, command) = Create(prefersBf16);
        return flags.Resolve(command.Parse(line));
    }

    private static (TrainingFlags Flags, Command Command) Create(bool prefersBf16 = false)
    {
        var flags = new TrainingFlags(() => prefersBf16);
        var command = new RootCommand();
        foreach (var option in flags.All)
        {
            command.Add(option);
        }
        return (flags, command);
    }
}
