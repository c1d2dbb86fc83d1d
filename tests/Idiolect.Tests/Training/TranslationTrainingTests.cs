using Idiolect.Data;
using Idiolect.Generation;
using Idiolect.Models;
using Idiolect.Tokenization;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

/// <summary>Learning to translate, end to end: batches, training, resume, search.</summary>
[Trait("Lane", "Full")]
public sealed class TranslationTrainingTests : IDisposable
{
    private static readonly string[] Subjects = ["file", "folder", "project", "package", "test", "tool", "server", "key"];
    private static readonly string[] Objekte = ["Datei", "Ordner", "Projekt", "Paket", "Prüfung", "Werkzeug", "Dienst", "Schlüssel"];
    private static readonly string[] Verbs = ["found", "opened", "read", "built", "saved", "closed", "moved"];
    private static readonly string[] Verben = ["gefunden", "geöffnet", "gelesen", "gebaut", "gespeichert", "geschlossen", "verschoben"];

    private readonly TemporaryFolder _folder = new();
    private readonly ParallelCorpus _corpus;
    private readonly Tokenizer _tokenizer;

    public TranslationTrainingTests()
    {
        var lines = from s in Enumerable.Range(0, 8) from v in Enumerable.Range(0, 7) from o in Enumerable.Range(0, 8)
                    select $"the {Subjects[s]} {Verbs[v]} the {Subjects[o]}\tder {Objekte[s]} den {Objekte[o]} {Verben[v]}";
        _corpus = ParallelCorpus.Load(_folder.Write("pairs.tsv", string.Join('\n', lines)), new ParallelCorpusOptions());
        _tokenizer = new BytePairTrainer(new BytePairTrainerOptions { VocabularySize = 320 })
            .Train(_corpus.Training.SelectMany(pair => new[] { pair.Source, pair.Target }), null, TestContext.Current.CancellationToken);
    }

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Models => ["transformer", "stream", "lstm-attention"];

    [Theory, MemberData(nameof(Models))]
    public void A_small_model_learns_sentences_that_it_never_saw(string kind)
    {
        using var translator = Create(kind);
        var data = Encode(translator);
        using (var trainer = New(translator, data, Options with { Steps = kind == "transformer" ? 150 : 350 }, _folder["run"]))
        {
            trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
        }
        Assert.True(Accuracy(translator, beams: 4) > 0.6, $"{Accuracy(translator, beams: 4)} of the test sentences are right");

        using var loaded = Translator.Load(new CheckpointStore(_folder["run"]).ModelFolder!);
        Assert.Equal(("en", "de"), (loaded.From, loaded.To.Single()));
        Assert.True(Accuracy(loaded, beams: 1) > 0.6);

        // Searching alone or among others, on one thread or two, gives the same.
        string[] sources = [.. _corpus.Test.Take(5).Select(pair => pair.Source)];
        var together = translator.Translate(sources, "de", new TranslationOptions { Threads = 1 }, TestContext.Current.CancellationToken);
        Assert.Equal(together, sources.Select(source
            => translator.Translate([source], null, new TranslationOptions { Threads = 2 }, TestContext.Current.CancellationToken)[0]));
    }

    [Theory, MemberData(nameof(Models))]
    public void A_run_that_was_interrupted_ends_with_the_same_bytes(string kind)
    {
        var options = Options with { Steps = 24, EvaluateEvery = 8, CheckpointEvery = 8 };
        using (var translator = Create(kind))
        using (var trainer = New(translator, Encode(translator), options with { Threads = 1 }, _folder["straight"]))
        {
            trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
        }
        using (var translator = Create(kind))
        using (var trainer = New(translator, Encode(translator), options with { Threads = 2 }, _folder["parts"]))
        using (var stop = new CancellationTokenSource())
        {
            var ended = trainer.Run(new Listener(news => { if (news is StepCompleted { Step: 11 }) { stop.Cancel(); } }), stop.Token);
            Assert.Equal((EndReason.Interrupted, 11), (ended.Reason, ended.Step));
        }
        using (var trainer = Resume(_folder["parts"], Encode, out var translator))
        using (translator)
        {
            Assert.Equal(11, trainer.StepsTaken);
            trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
        }
        foreach (var file in Directory.GetFiles(_folder["straight/checkpoints/step-00000024"], "*", SearchOption.AllDirectories))
        {
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(file.Replace("straight", "parts", StringComparison.Ordinal)));
        }
    }

    [Fact]
    public void A_run_is_not_resumed_on_other_pairs()
    {
        using (var translator = Create("transformer"))
        using (var trainer = New(translator, Encode(translator), Options with { Steps = 1, WarmupSteps = 0 }, _folder["run"]))
        {
            trainer.Run(cancellationToken: TestContext.Current.CancellationToken);
        }
        var refusal = Assert.Throws<InvalidDataException>(() => Resume(
            _folder["run"], translator => Encode(translator) with { Hash = "other" }, out _));
        Assert.Contains("training data changed", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_epoch_shows_every_pair_once_within_the_budget()
    {
        using var translator = Create("transformer");
        var data = Encode(translator).Training;
        const int Budget = 120;
        var sampler = new PairSampler(data, Budget, seed: 7);
        var batches = new List<string>();
        var seen = new List<string>();
        for (var number = 0; number < sampler.BatchesPerEpoch; number++)
        {
            var size = sampler.Size(number);
            var pairs = sampler.Fill(number);
            Assert.True(pairs.Count * Math.Max(pairs.Source.Length, pairs.Inputs.Length) / pairs.Count <= Budget);
            Assert.Equal(pairs.Count, size.Sequences);
            Assert.Equal(pairs.Targets.ToArray().Count(id => id >= 0), size.Counted);
            Assert.Equal(pairs.SourceLengths.ToArray().Sum() + pairs.Targets.ToArray().Count(id => id >= 0), size.Tokens);
            var time = pairs.Inputs.Length / pairs.Count;
            for (var row = 0; row < pairs.Count; row++)
            {
                var (inputs, targets) = (pairs.Inputs.Slice(row * time, time).ToArray(), pairs.Targets.Slice(row * time, time).ToArray());
                Assert.Equal(translator.Mark, inputs[0]);
                Assert.Equal(translator.Mark, targets.Last(id => id >= 0));
                seen.Add(string.Join(' ', inputs.TakeWhile((_, i) => targets[i] >= 0)));
            }
            batches.Add(seen[^1]);
        }
        Assert.Equal(data.Count, seen.Count);
        Assert.Equal(data.Targets.Select(target => string.Join(' ', target.Prepend(translator.Mark))).Order(), seen.Order());

        // The same again, whatever was drawn between; another order in the next epoch.
        var last = sampler.Fill(sampler.BatchesPerEpoch + 3).Inputs.ToArray();
        Assert.Equal(sampler.Fill(0).Inputs.ToArray(), new PairSampler(data, Budget, seed: 7).Fill(0).Inputs.ToArray());
        Assert.Equal(last, new PairSampler(data, Budget, seed: 7).Fill(sampler.BatchesPerEpoch + 3).Inputs.ToArray());
    }

    [Fact]
    public void Several_target_languages_are_told_apart_by_a_tag()
    {
        using var folder = new TemporaryFolder();
        var tokenizer = new BytePairTrainer(new BytePairTrainerOptions
        {
            VocabularySize = 300, SpecialTokens = [Tokenizer.EndOfText, Translator.Tag("de"), Translator.Tag("fr")],
        }).Train(["some text"], null, TestContext.Current.CancellationToken);
        var config = Config with { VocabularySize = tokenizer.VocabularySize };
        using var translator = new Translator(new EncoderDecoder(config), tokenizer, "en", ["de", "fr"]);
        Assert.Equal(tokenizer.SpecialTokens["<|fr|>"], translator.EncodeSource("text", "fr")[0]);
        translator.Save(folder.Path);
        using var loaded = Translator.Load(folder.Path);
        Assert.Equal(["de", "fr"], loaded.To);
        Assert.Throws<ArgumentException>(() => loaded.Translate(["text"], null, null, TestContext.Current.CancellationToken));
        Assert.Throws<ArgumentException>(() => loaded.Translate(["text"], "it", null, TestContext.Current.CancellationToken));
        Assert.Single(loaded.Translate(["text"], "fr", null, TestContext.Current.CancellationToken));

        var untagged = Assert.Throws<InvalidDataException>(() => new Translator(new EncoderDecoder(config), tokenizer, "en", ["de", "it"]));
        Assert.Contains("special token", untagged.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_id_that_the_tokenizer_does_not_know_stands_for_nothing()
    {
        var tokenizer = new ByteTokenizer(new AddedTokenSet([new() { Id = 258, Content = Tokenizer.EndOfText }], Tokenizer.EndOfText, Tokenizer.EndOfText)); // 256 and 257 are no tokens
        var config = Config with { VocabularySize = 259 };
        using var translator = new Translator(new EncoderDecoder(config), tokenizer, "en", ["de"]);
        var embedding = new float[config.VocabularySize * config.Width]; // of all tokens' scores one of the two's is above 0, and the others' are 0
        (embedding[256 * config.Width], embedding[257 * config.Width]) = (1, -1);
        translator.Model.Parameters["embedding.weight"].Assign(embedding);

        Assert.Equal([""], translator.Translate(["the file"], null, null, TestContext.Current.CancellationToken));
    }

    private static TrainingOptions Options => new(
        Steps: 150, BatchSize: 600, LearningRate: 5e-3, WarmupSteps: 20, Beta2: 0.98, WeightDecay: 0.01, EvaluateEvery: 50, CheckpointEvery: 50);

    private static EncoderDecoderConfig Config => new()
    {
        VocabularySize = 320, MaximumLength = 64, Width = 48, HeadCount = 4, EncoderLayerCount = 1, DecoderLayerCount = 1, NormFirst = true,
        Dropout = 0.05f, LabelSmoothing = 0.1f,
    };

    private Translator Create(string kind)
    {
        ISequenceToSequence model = kind switch
        {
            "stream" => new StreamSequenceToSequence(new Gpt(
                new GptConfig
                {
                    VocabularySize = _tokenizer.VocabularySize, ContextLength = 128, LayerCount = 2, HeadCount = 4, Width = 48,
                    TiedEmbedding = true, BeginningOfTextId = _tokenizer.BeginningOfTextId,
                },
                seed: 1)),
            "lstm-attention" => new RecurrentSequenceToSequence(
                new RecurrentSequenceToSequenceConfig { VocabularySize = _tokenizer.VocabularySize, MaximumLength = 64, Width = 48, LayerCount = 1, Dropout = 0.05f },
                seed: 1),
            _ => new EncoderDecoder(Config with { VocabularySize = _tokenizer.VocabularySize }, seed: 1),
        };
        return new Translator(model, _tokenizer, "en", ["de"]);
    }

    private TranslationData Encode(Translator translator) => TranslationData.Encode(
        _corpus, translator.Model.Config, translator.Tokenizer, translator.Languages, TestContext.Current.CancellationToken);

    private static Trainer New(Translator translator, TranslationData data, TrainingOptions options, string run)
        => new(Task(translator, data, options), options, run);

    private static Trainer Resume(string run, Func<Translator, TranslationData> data, out Translator translator)
    {
        Translator? loaded = null;
        var trainer = Trainer.Resume(run, (checkpoint, _, options) =>
        {
            loaded = Translator.Load(checkpoint);
            return Task(loaded, data(loaded), options);
        });
        translator = loaded!;
        return trainer;
    }

    private static TranslationTask Task(Translator translator, TranslationData data, TrainingOptions options)
        => new(translator.Model, translator.Tokenizer, translator.Languages, data, options);

    private double Accuracy(Translator translator, int beams)
    {
        var found = translator.Translate(
            [.. _corpus.Test.Select(pair => pair.Source)], "de", new TranslationOptions { Beams = beams }, TestContext.Current.CancellationToken);
        return found.Zip(_corpus.Test).Count(entry => entry.First == entry.Second.Target) / (double)found.Count;
    }

    private sealed class Listener(Action<TrainingProgress> hear) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => hear(value);
    }
}
