using System.Diagnostics;
using System.Text.Json.Nodes;
using Idiolect.Generation;
using Idiolect.Layers;
using Idiolect.Models;
using Idiolect.Tensors;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Models;

/// <summary>What a config.json claims costs nothing: the weights that lie beside it say how much there is.</summary>
public sealed class ClaimedSizeTests : IDisposable
{
    private static readonly string[] Numbers =
        ["0", "-1", "1", "3", "0.5", "8388608", "2147483647", "-2147483648", "9000000000000000000", "1e300", "-1e300", "1e-300"];

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Kinds => SavedModels.Names;

    public void Dispose() => _folder.Dispose();

    [Theory, MemberData(nameof(Kinds))]
    public void Any_number_of_a_config_is_refused_by_its_name_or_costs_no_more_than_the_file(string kind)
    {
        SavedModels.Save(kind, _folder.Path);
        var path = _folder["config.json"];
        var good = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        var refused = 0;
        foreach (var (field, value) in good.Where(field => field.Value is JsonValue number && number.GetValueKind() == System.Text.Json.JsonValueKind.Number))
        {
            foreach (var number in Numbers)
            {
                var changed = (JsonObject)good.DeepClone();
                changed[field] = JsonNode.Parse(number);
                File.WriteAllText(path, changed.ToJsonString());
                var before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    SavedModels.Load(kind, _folder.Path).Dispose();
                }
                catch (InvalidDataException exception)
                {
                    // Heads and width must fit each other, and no tensor says how many heads there are.
                    var isNamed = exception.Message.Contains(field, StringComparison.Ordinal)
                        || (field.EndsWith("heads", StringComparison.Ordinal) && exception.Message.Contains("must be a multiple of the", StringComparison.Ordinal));
                    Assert.True(isNamed, $"{field} = {number}: {exception.Message}");
                    refused++;
                }
                Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2_000_000);
            }
        }
        Assert.True(refused > 10, $"{refused} refused");
        File.WriteAllText(path, good.ToJsonString());
        SavedModels.Load(kind, _folder.Path).Dispose();
    }

    [Fact]
    public void Tables_of_positions_grow_as_they_are_used()
    {
        using var model = new Gpt(TinyModels.Config("llama") with { ContextLength = int.MaxValue }, seed: 1);
        using var shorter = new Gpt(TinyModels.Config("llama") with { ContextLength = 5000 }, seed: 1);
        using var tape = new Tape(recording: false);
        using var cache = model.CreateCache(2);
        foreach (var time in new[] { 7, 1200, 4990 })
        {
            var ids = TinyModels.Ids(model.Config with { ContextLength = 5000 }, time);
            var expected = shorter.Forward(ids, 1, new ForwardContext(tape), lastOnly: true).ToArray();
            Assert.Equal(expected, model.Forward(ids, 1, new ForwardContext(tape), lastOnly: true).ToArray());
            tape.Reset();
        }
    }

    [Fact]
    public void A_cache_goes_on_past_its_first_tables()
    {
        using var model = new Gpt(TinyModels.Config("llama") with { ContextLength = 1 << 30 }, seed: 1);
        using var tape = new Tape(recording: false);
        using var cache = model.CreateCache(1);
        var ids = TinyModels.Ids(model.Config with { ContextLength = 5000 }, 4500); // 64 pages have 4096 positions
        var whole = model.Forward(ids, 1, new ForwardContext(tape), lastOnly: true).ToArray();
        var context = new ForwardContext(tape) { Memory = cache };
        model.Forward(ids.AsSpan(0, 4000), 1, context, lastOnly: true).Dispose();
        model.Forward(ids.AsSpan(4000, 499), 1, context, lastOnly: true).Dispose();
        var continued = model.Forward(ids.AsSpan(4499), 1, context, lastOnly: true).ToArray();
        Assert.All(whole.Zip(continued), pair => Assert.Equal(pair.First, pair.Second, 1e-4f));
    }

    [Fact]
    public void Sinusoidal_positions_grow_as_they_are_used()
    {
        using var table = new PositionTable(int.MaxValue, 8);
        using var few = new PositionTable(3000, 8);
        using var tape = new Tape(recording: false);
        foreach (var past in new[] { 0, 900, 2990 })
        {
            using var positions = tape.CreatePositions(1, 9, past);
            var (x, y) = (tape.CreateFrom(new Shape(1, 9, 8), new float[72]), tape.CreateFrom(new Shape(1, 9, 8), new float[72]));
            Assert.Equal(y.EncodePositionsInPlace(few, positions).ToArray(), x.EncodePositionsInPlace(table, positions).ToArray());
        }
    }

    [Fact]
    public void The_vocabulary_of_an_n_gram_model_is_its_tokenizers()
    {
        var tokenizer = new ByteTokenizer();
        using (var model = new LanguageModel(NGram.Train([1, 2, 3, 1, 2, 4], tokenizer.VocabularySize, 2, cancellationToken: TestContext.Current.CancellationToken), tokenizer))
        {
            model.Save(_folder.Path);
        }
        var config = File.ReadAllText(_folder["config.json"]);
        LanguageModel.Load(_folder.Path).Dispose();
        foreach (var size in new[] { "100000000", "2147483647", "258", "3" })
        {
            File.WriteAllText(_folder["config.json"], config.Replace($": {tokenizer.VocabularySize},", $": {size},", StringComparison.Ordinal));
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.Contains("field vocab_size: " + size, Assert.Throws<InvalidDataException>(() => LanguageModel.Load(_folder.Path)).Message, StringComparison.Ordinal);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
        }
    }

    [Fact]
    public void Chosen_keys_do_not_slow_a_table_of_counts_down()
    {
        var table = new FingerprintTable<int>();
        var watch = Stopwatch.StartNew();
        for (var i = 1UL; i <= 300_000; i++)
        {
            table.GetOrAdd(i | (0x1234UL << 32)) = (int)i; // one place for all, if the upper half were the place
        }
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 5); // 45 billion steps would take longer
        Assert.Equal(300_000, table.Count);
        Assert.True(table.TryGet(7UL | (0x1234UL << 32), out var seven));
        Assert.Equal(7, seven);
        Assert.False(table.TryGet(7UL, out _));
        Assert.Equal(table.Sorted().Keys.Order(), table.Sorted().Keys);
    }

    [Fact]
    public void An_output_layer_that_is_missing_is_explained()
    {
        SavedModels.Save("llama", _folder.Path);
        var config = File.ReadAllText(_folder["config.json"]);
        using (var model = new Gpt(TinyModels.Config("llama") with { TiedEmbedding = true }))
        {
            GptFolder.Save(model, _folder.Path); // without lm_head
        }
        File.WriteAllText(_folder["config.json"], config.Replace("\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false", StringComparison.Ordinal));
        var message = Assert.Throws<InvalidDataException>(() => GptFolder.Load(_folder.Path)).Message;
        Assert.Contains("tensor lm_head.weight is missing", message, StringComparison.Ordinal);
        Assert.Contains("tie_word_embeddings: true", message, StringComparison.Ordinal);
        Assert.Contains("model.embed_tokens.weight", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none", "there is no such folder")]
    [InlineData("empty", "it is empty")]
    [InlineData("other", "it holds notes.txt")]
    [InlineData("run", "it is a run; its models lie in checkpoints/, such as")]
    [InlineData("model.gguf", "it is a GGUF file, which is not read here")]
    [InlineData("model.bin", "save the model as safetensors")]
    [InlineData("other/notes.txt", "it is a file; a model folder holds config.json")]
    public void What_is_no_model_folder_is_said_to_be_what_it_is(string path, string message)
    {
        Directory.CreateDirectory(_folder["empty"]);
        _folder.Write("other/notes.txt", "text");
        _folder.Write("model.gguf", "GGUF");
        _folder.Write("model.bin", "PK");
        Directory.CreateDirectory(_folder["run/checkpoints/step-00000003"]);
        foreach (var load in new Action[]
        {
            () => LanguageModel.Load(_folder[path]), () => TextEmbedder.Load(_folder[path]), () => MaskedLanguageModel.Load(_folder[path]),
            () => TextClassifier.Load(_folder[path]), () => TextClassifier.Begin(_folder[path], ["a", "b"]), () => ModelFolder.LoadModel(_folder[path]),
        })
        {
            var error = Assert.Throws<FileNotFoundException>(load).Message;
            Assert.StartsWith($"{_folder[path]} is not a model folder: ", error, StringComparison.Ordinal);
            Assert.Contains(message, error, StringComparison.Ordinal);
        }
    }
}
