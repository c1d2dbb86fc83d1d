using Idiolect.Formats;
using Idiolect.Generation;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>Bad numbers, bad inputs, bad folders: each is refused or survived, and said in one line.</summary>
[Trait("Lane", "Full")]
public sealed class TrainerFailureTests : IDisposable
{
    private readonly TinyRun _run = new();

    public void Dispose() => _run.Dispose();

    private static void Poison(LanguageModel model, string name, float value = float.NaN)
    {
        var values = model.Model.Parameters[name].Values.ToArray();
        values[3] = value;
        model.Model.Parameters[name].Assign(values);
    }

    private Trainer New(LanguageModel model, TrainingData data, TrainingOptions? options = null)
        => TinyRun.New(model, data, options ?? TinyRun.Options, _run.Path);

    [Fact]
    public void A_step_with_a_number_that_is_not_finite_is_skipped_and_named()
    {
        const string name = "layers.1.feed_forward.down.weight";
        var healthy = 0f;
        var news = _run.Train(TinyRun.Options with { Steps = 8 }, watch: (model, progress) =>
        {
            switch (progress)
            {
                case StepCompleted { Step: 4 }:
                    healthy = model.Model.Parameters[name].Values[3];
                    Poison(model, name);
                    break;
                case StepSkipped { Step: 6 }: // two in a row are survived
                    Poison(model, name, healthy);
                    break;
            }
        });
        Assert.Equal([5, 6], news.OfType<StepSkipped>().Select(skipped => skipped.Step));
        Assert.All(news.OfType<StepSkipped>(), skipped => Assert.Equal(
            (name, $"the value of {name} is not finite"), (skipped.Tensor, skipped.Reason)));
        Assert.Equal([7, 8], news.OfType<StepCompleted>().TakeLast(2).Select(step => step.Step));
        var state = TrainingState.Read(_run.Checkpoint(8));
        Assert.Equal((0, 2), (state.ConsecutiveBadSteps, state.SkippedSteps));
    }

    [Fact]
    public void A_norm_that_is_not_finite_though_every_gradient_is_is_named()
    {
        var news = _run.Train(TinyRun.Options with { Steps = 2, EvaluateEvery = 0 }, watch: (model, progress) =>
        {
            if (progress is StepCompleted { Step: 1 })
            {
                // All logits are 0 and so is most of the gradient, but that of the gain is as large as the weights of the output layer.
                model.Model.Parameters["final_norm.weight"].Assign(new float[model.Model.Parameters["final_norm.weight"].Count]);
                Poison(model, "head.weight", 1e30f);
            }
        });
        var skipped = Assert.Single(news.OfType<StepSkipped>());
        Assert.Equal(("gradients", "the norm of the gradients is not finite"), (skipped.Tensor, skipped.Reason));
    }

    [Fact]
    public void The_first_update_moves_weights_by_the_learning_rate_also_after_a_skipped_step()
    {
        const string name = "layers.1.feed_forward.down.weight";
        const double rate = 1e-3;
        var (healthy, before, moved) = (0f, Array.Empty<float>(), 0.0);
        _run.Train(
            TinyRun.Options with
            {
                Steps = 2, LearningRate = rate, Schedule = ScheduleShape.Constant, WarmupSteps = 0, WeightDecay = 0, EvaluateEvery = 0,
            },
            watch: (model, progress) =>
            {
                var parameter = model.Model.Parameters[name];
                switch (progress)
                {
                    case CheckpointSaved { Step: 0 }:
                        healthy = parameter.Values[3];
                        Poison(model, name);
                        break;
                    case StepSkipped:
                        Poison(model, name, healthy);
                        before = parameter.Values.ToArray();
                        break;
                    case StepCompleted:
                        moved = before.Zip(parameter.Values.ToArray(), (a, b) => Math.Abs((double)b - a)).Average();
                        break;
                }
            });
        Assert.Equal(rate, moved, 0.02 * rate); // Adam's first update is the sign of the gradient
    }

    [Fact]
    public void A_run_that_skipped_steps_resumes_bit_for_bit()
    {
        using var whole = new TinyRun();
        var options = TinyRun.Options with { Steps = 8, EvaluateEvery = 0 };
        whole.Train(options, watch: PoisonStepThree());
        var interrupted = PoisonStepThree();
        _run.Train(options, stopAt: 5, watch: interrupted);
        _run.Resume(watch: interrupted);
        Assert.Equal(1, TrainingState.Read(_run.Checkpoint(8)).SkippedSteps);
        Assert.Equal(whole.Weights(8), _run.Weights(8));

        static Action<LanguageModel, TrainingProgress> PoisonStepThree()
        {
            const string name = "layers.0.attention.output.weight";
            var healthy = 0f;
            return (model, progress) =>
            {
                if (progress is StepCompleted { Step: 2 })
                {
                    healthy = model.Model.Parameters[name].Values[3];
                    Poison(model, name);
                }
                else if (progress is StepSkipped)
                {
                    Poison(model, name, healthy);
                }
            };
        }
    }

    [Theory]
    [InlineData(typeof(StepCompleted), 5)]
    [InlineData(typeof(EvaluationCompleted), 4)]
    [InlineData(typeof(CheckpointSaved), 6)]
    public void A_run_whose_listener_fails_is_saved_and_resumes_bit_for_bit(Type news, long step)
    {
        using var whole = new TinyRun();
        var options = TinyRun.Options with { Steps = 8, EvaluateEvery = 4, CheckpointEvery = 3 };
        whole.Train(options);
        var failure = Assert.Throws<InvalidOperationException>(() => _run.Train(options, watch: (_, progress) =>
        {
            if (progress.GetType() == news && progress.Step == step)
            {
                throw new InvalidOperationException("the listener's own");
            }
        }));
        Assert.Equal(("the listener's own", step), (failure.Message, _run.Steps.Max()));
        Assert.Equal(4, new CheckpointStore(_run.Path).Best?.Step); // also where its own news failed
        _run.Resume();
        Assert.Equal(whole.Weights(8), _run.Weights(8));
    }

    [Fact]
    public void A_skipped_step_leaves_the_weights_and_no_gradient_behind()
    {
        using var model = TinyRun.Model();
        using var data = TinyRun.Data();
        using var trainer = New(model, data, TinyRun.Options with { Steps = 2, CheckpointEvery = 0, EvaluateEvery = 0 });
        const string name = "layers.0.attention.output.weight";
        var before = Array.Empty<float>();
        TinyRun.Run(trainer, model, watch: (_, progress) =>
        {
            if (progress is StepCompleted { Step: 1 })
            {
                before = model.Model.Parameters["head.weight"].Values.ToArray();
                Poison(model, name);
            }
            else if (progress is StepSkipped)
            {
                Assert.Equal(before, model.Model.Parameters["head.weight"].Values.ToArray());
                Assert.All(model.Model.Parameters.All, parameter => Assert.True(parameter.GradientValues.IndexOfAnyExcept(0f) < 0));
                Poison(model, name, 0f);
            }
        });
        Assert.Equal(2, trainer.StepsTaken);
    }

    [Fact]
    public void Three_bad_steps_in_a_row_end_the_run_with_the_fix_and_the_last_checkpoint_is_healthy()
    {
        var exception = Assert.Throws<TrainingDivergedException>(() => _run.Train(
            TinyRun.Options with { CheckpointEvery = 1, EvaluateEvery = 0 },
            watch: (model, progress) =>
            {
                if (progress is StepCompleted { Step: 9 })
                {
                    Poison(model, "layers.0.attention.output.weight");
                }
            }));
        Assert.StartsWith("Step 12: the value of layers.0.attention.output.weight is not finite", exception.Message, StringComparison.Ordinal);
        Assert.Contains("lower learning rate", exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
        Assert.Equal(8, _run.Steps.First());
        Assert.Equal(9, _run.Resume(stopAt: 9).OfType<StepCompleted>().First().Step);
    }

    [Fact]
    public void An_enormous_learning_rate_is_told_and_never_saved()
    {
        var exception = Assert.Throws<TrainingDivergedException>(() => _run.Train(
            TinyRun.Options with { LearningRate = 1e38, WarmupSteps = 0, CheckpointEvery = 1, EvaluateEvery = 1 }));
        Assert.Contains("is not finite", exception.Message, StringComparison.Ordinal);
        Assert.All(_run.Steps, step =>
        {
            using var model = LanguageModel.Load(_run.Checkpoint(step));
            Assert.All(model.Model.Parameters.All, parameter => Assert.All(parameter.Values.ToArray(), value => Assert.True(float.IsFinite(value))));
        });
    }

    [Fact]
    public void A_run_whose_last_step_spoils_the_model_does_not_count_as_completed()
        => Assert.Throws<TrainingDivergedException>(() => _run.Train(
            TinyRun.Options with { Steps = 5, EvaluateEvery = 0 },
            watch: (model, progress) =>
            {
                if (progress is StepCompleted { Step: 5 })
                {
                    Poison(model, "layers.0.attention.output.weight");
                }
            }));

    [Fact]
    public void A_first_evaluation_that_is_not_finite_is_not_the_best()
    {
        var news = _run.Train(TinyRun.Options with { Steps = 4, EvaluateEvery = 1 }, watch: (model, progress) =>
        {
            if (progress.Step <= 2 && progress is StepCompleted or StepSkipped)
            {
                Poison(model, "layers.0.attention.output.weight", progress.Step == 1 ? float.NaN : 0f);
            }
        });
        var evaluations = news.OfType<EvaluationCompleted>().ToList();
        Assert.True(double.IsNaN(evaluations[0].ValidationLoss) && !evaluations[0].IsBest);
        Assert.True(evaluations[1].IsBest);
    }

    [Fact]
    public void A_second_trainer_of_a_run_is_refused()
    {
        _run.Train(TinyRun.Options with { Steps = 10 }, stopAt: 5);
        using var data = TinyRun.Data();
        using var first = TinyRun.Resume(_run.Path, data, null, out var model);
        using (model)
        {
            var exception = Assert.Throws<IOException>(() => _run.Resume());
            Assert.Contains("in use by another process", exception.Message, StringComparison.Ordinal);
            exception = Assert.Throws<IOException>(() => _run.Train(TinyRun.Options));
            Assert.Contains("in use by another process", exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_second_trainer_is_refused_before_it_reads_what_the_first_may_be_removing()
    {
        _run.Train(TinyRun.Options with { Steps = 10 }, stopAt: 5);
        using var held = RunLock.Acquire(_run.Path);
        File.Delete(Path.Combine(_run.Checkpoint(5), "config.json"));
        Assert.Contains("in use", Assert.Throws<IOException>(() => _run.Resume()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_run_in_the_folder_of_another_is_refused()
    {
        _run.Train(TinyRun.Options with { Steps = 2 });
        var before = _run.Bytes();
        var exception = Assert.Throws<IOException>(() => _run.Train(TinyRun.Options));
        Assert.Contains("holds a run already", exception.Message, StringComparison.Ordinal);
        Assert.Equal(before, _run.Bytes());
    }

    [Fact]
    public void A_run_is_not_resumed_on_other_text_or_with_another_tokenizer()
    {
        _run.Train(TinyRun.Options with { Steps = 2 });
        using var other = TinyRun.Data(TinyRun.Text(601));
        Assert.Contains(
            "training data changed",
            Assert.Throws<InvalidDataException>(() => TinyRun.Resume(_run.Path, other, null, out _)).Message, StringComparison.Ordinal);

        // An intact checkpoint with another tokenizer, as somebody would make by hand.
        using var same = TinyRun.Data();
        CharacterTokenizer.Train(["abc"]).Save(_run.Checkpoint(2));
        File.Delete(Path.Combine(_run.Checkpoint(2), FolderChecksums.FileName));
        FolderChecksums.Write(_run.Checkpoint(2));
        Assert.Contains(
            "tokenizer changed",
            Assert.Throws<InvalidDataException>(() => TinyRun.Resume(_run.Path, same, null, out _)).Message, StringComparison.Ordinal);

        // Neither attempt holds or harms the run.
        Assert.Equal([2], _run.Steps.Where(step => step > 0));
        RunLock.Acquire(_run.Path).Dispose();
    }

    [Fact]
    public void A_folder_without_a_checkpoint_cannot_be_resumed_and_nothing_is_made()
    {
        Assert.Contains("no such folder", Assert.Throws<FileNotFoundException>(() => _run.Resume()).Message, StringComparison.Ordinal);
        Directory.CreateDirectory(_run.Path);
        Assert.Contains("it has none", Assert.Throws<FileNotFoundException>(() => _run.Resume()).Message, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_run.Path));
    }

    [Theory]
    [InlineData("a\\u0000b")]
    [InlineData("/etc/passwd")]
    [InlineData("../2")]
    public void A_checkpoint_whose_checksums_name_no_file_of_it_is_passed_over(string name)
    {
        _run.Train(TinyRun.Options with { Steps = 4, CheckpointEvery = 2 });
        File.WriteAllText(
            Path.Combine(_run.Checkpoint(4), FolderChecksums.FileName), """{"files":{"NAME":{"length":1,"sha256":"x"}}}""".Replace("NAME", name, StringComparison.Ordinal));
        Assert.Equal(2, new CheckpointStore(_run.Path).FindNewestIntact(out _)!.Step);
    }

    [Fact]
    public void A_run_of_which_all_checkpoints_are_damaged_says_so()
    {
        _run.Train(TinyRun.Options with { Steps = 2 });
        _run.Steps.ToList().ForEach(step => File.Delete(Path.Combine(_run.Checkpoint(step), "config.json")));
        Assert.Contains(
            "all are damaged: config.json is missing",
            Assert.Throws<FileNotFoundException>(() => _run.Resume()).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(17)]
    public void A_context_that_does_not_fit_the_model_or_the_text_makes_no_folder(int context)
    {
        using var model = TinyRun.Model();
        using var data = TinyRun.Data(context == 0 ? "short" : null);
        var exception = Assert.ThrowsAny<Exception>(() => New(model, data, TinyRun.Options with { ContextLength = context == 0 ? null : context }));
        Assert.Contains(context == 0 ? "give more text or a smaller context length" : "ContextLength is 17", exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_run.Path));
    }

    [Fact]
    public void A_run_that_cannot_be_saved_leaves_no_folder_behind()
    {
        using var model = TinyRun.Model();
        using var data = TinyRun.Data();
        using (var trainer = New(model, data, TinyRun.Options with { Steps = 3 }))
        {
            File.WriteAllText(Path.Combine(_run.Path, "checkpoints"), ""); // in the way
            var exception = Assert.Throws<WriteFailedException>(() => TinyRun.Run(trainer, model));
            Assert.DoesNotContain('\n', exception.Message);
            File.Delete(Path.Combine(_run.Path, "checkpoints"));
        }
        Assert.False(Directory.Exists(_run.Path));
    }

    [Fact]
    public void A_run_folder_that_was_there_before_is_kept_even_empty()
    {
        Directory.CreateDirectory(_run.Path);
        using var model = TinyRun.Model();
        using var data = TinyRun.Data();
        New(model, data).Dispose();
        Assert.True(Directory.Exists(_run.Path));
    }

    [Fact]
    public void A_run_folder_below_a_file_is_refused_in_one_line()
    {
        File.WriteAllText(_run.Path, "");
        using var model = TinyRun.Model();
        using var data = TinyRun.Data();
        var exception = Assert.Throws<WriteFailedException>(() => TinyRun.New(model, data, TinyRun.Options, Path.Combine(_run.Path, "below")));
        Assert.Contains(_run.Path, exception.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', exception.Message);
    }

    public static TheoryData<string, TrainingOptions> NonsenseOptions => new()
    {
        { "Steps", new() { Steps = 0 } },
        { "BatchSize", new() { BatchSize = -1 } },
        { "ContextLength", new() { ContextLength = 0 } },
        { "GradientAccumulation", new() { GradientAccumulation = 0 } },
        { "LearningRate", new() { LearningRate = double.NaN } },
        { "MinimumLearningRateFraction", new() { MinimumLearningRateFraction = 1.1 } },
        { "WarmupSteps", new() { Steps = 10, WarmupSteps = 11 } },
        { "Schedule", new() { Schedule = (ScheduleShape)9 } },
        { "DecayFraction", new() { DecayFraction = 0 } },
        { "Beta1", new() { Beta1 = 1 } },
        { "Beta2", new() { Beta2 = -0.1 } },
        { "Epsilon", new() { Epsilon = 0 } },
        { "WeightDecay", new() { WeightDecay = -1 } },
        { "L1", new() { L1 = double.PositiveInfinity } },
        { "L2", new() { L2 = -1 } },
        { "GradientClip", new() { GradientClip = -1 } },
        { "EvaluateEvery", new() { EvaluateEvery = -1 } },
        { "EvaluationBatches", new() { EvaluationBatches = 0 } },
        { "CheckpointEvery", new() { CheckpointEvery = -1 } },
        { "KeepCheckpoints", new() { KeepCheckpoints = 0 } },
        { "EarlyStopPatience", new() { EarlyStopPatience = 0 } },
        { "Threads", new() { Threads = -1 } },
    };

    [Theory]
    [MemberData(nameof(NonsenseOptions), DisableDiscoveryEnumeration = true)]
    public void An_option_that_makes_no_sense_is_named_and_makes_no_folder(string name, TrainingOptions options)
    {
        using var model = TinyRun.Model();
        using var data = TinyRun.Data();
        var exception = Assert.Throws<ArgumentException>(() => New(model, data, options));
        Assert.Equal(name, exception.ParamName);
        Assert.StartsWith($"{name} is ", exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_run.Path));
    }
}
