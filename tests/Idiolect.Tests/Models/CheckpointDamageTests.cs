using System.Security.Cryptography;
using System.Text.Json;
using Idiolect.Formats;
using Idiolect.Models;
using Idiolect.Training;

namespace Idiolect.Tests.Models;

/// <summary>Whoever reads a checkpoint of ours notices that a bit of it is another.</summary>
public sealed class CheckpointDamageTests : IDisposable
{
    private readonly TemporaryFolder _run = new();

    public static TheoryData<string> Kinds => SavedModels.Names;

    public void Dispose() => _run.Dispose();

    [Theory, MemberData(nameof(Kinds))]
    public void One_flipped_bit_of_the_weights_is_noticed(string kind)
    {
        var checkpoint = Checkpoint(kind);
        SavedModels.Load(kind, checkpoint).Dispose();
        var file = Path.Combine(checkpoint, "model.safetensors");
        var content = File.ReadAllBytes(file);
        // In the last tensor, in the middle and in the first; and in a name of the header, which none of the tensors may then be missing.
        var data = 8 + (int)BitConverter.ToInt64(content);
        foreach (var place in new[] { content.Length - 2, (content.Length + data) / 2, data })
        {
            var damaged = (byte[])content.Clone();
            damaged[place] ^= 0x10;
            File.WriteAllBytes(file, damaged);
            var message = Assert.Throws<InvalidDataException>(() => SavedModels.Load(kind, checkpoint)).Message;
            Assert.Contains("model.safetensors has changed", message, StringComparison.Ordinal);
            Assert.Contains("another checkpoint", message, StringComparison.Ordinal);
        }
        File.WriteAllBytes(file, content[..^4]);
        Assert.Throws<InvalidDataException>(() => SavedModels.Load(kind, checkpoint));
        File.WriteAllBytes(file, content);
        SavedModels.Load(kind, checkpoint).Dispose();
    }

    [Fact]
    public void A_bit_that_no_tensor_of_the_model_holds_is_noticed_too()
    {
        var checkpoint = Checkpoint("classifier"); // its backbone alone leaves the head unread
        var file = Path.Combine(checkpoint, "model.safetensors");
        var content = File.ReadAllBytes(file);
        using (var weights = SafetensorsReader.Open(file))
        {
            content[weights.Tensors["score.weight"].Offset + 5] ^= 1;
        }
        File.WriteAllBytes(file, content);
        Assert.Contains("has changed", Assert.Throws<InvalidDataException>(() => ModelFolder.LoadModel(checkpoint)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_checkpoint_of_an_earlier_version_is_verified_by_its_sha256(bool isDamaged)
    {
        var checkpoint = Checkpoint("llama");
        var file = Path.Combine(checkpoint, "model.safetensors");
        File.WriteAllText(
            Path.Combine(checkpoint, "checksums.json"),
            JsonSerializer.Serialize(new
            {
                files = new Dictionary<string, object>
                {
                    ["model.safetensors"] = new
                    {
                        length = new FileInfo(file).Length, sha256 = Convert.ToHexStringLower(SHA256.HashData(File.ReadAllBytes(file))),
                    },
                },
            }));
        if (isDamaged)
        {
            var content = File.ReadAllBytes(file);
            content[^1] ^= 1;
            File.WriteAllBytes(file, content);
            Assert.Contains("SHA-256", Assert.Throws<InvalidDataException>(() => ModelFolder.LoadModel(checkpoint)).Message, StringComparison.Ordinal);
        }
        else
        {
            ModelFolder.LoadModel(checkpoint).Dispose();
        }
    }

    [Fact]
    public void A_changed_config_is_noticed_until_its_checksums_are_deleted()
    {
        var checkpoint = Checkpoint("gpt2");
        var config = Path.Combine(checkpoint, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("1E-05", "1E-06", StringComparison.Ordinal));
        var message = Assert.Throws<InvalidDataException>(() => ModelFolder.LoadConfig(checkpoint)).Message;
        Assert.Contains("config.json has changed", message, StringComparison.Ordinal);
        Assert.Contains("delete checksums.json", message, StringComparison.Ordinal);
        File.Delete(Path.Combine(checkpoint, "checksums.json"));
        ModelFolder.LoadModel(checkpoint).Dispose();
    }

    [Fact]
    public void Settings_of_generation_may_be_changed()
    {
        var checkpoint = Checkpoint("gpt2");
        File.WriteAllText(Path.Combine(checkpoint, "generation_config.json"), """{"temperature":0.5}""");
        ModelFolder.LoadModel(checkpoint).Dispose();
        Assert.Null(new CheckpointStore(_run.Path).Checkpoints[0].FindDamage());
    }

    [Fact]
    public void A_model_that_is_saved_over_a_checkpoint_is_no_damage()
    {
        var checkpoint = Checkpoint("gpt2");
        SavedModels.Save("qwen3", checkpoint);
        ModelFolder.LoadModel(checkpoint).Dispose();
    }

    [Fact]
    public void Shards_are_verified()
    {
        var folder = _run["shards"];
        using (var model = new Gpt(TinyModels.Config("llama"), seed: 1))
        {
            GptFolder.Save(model, folder);
        }
        File.Move(Path.Combine(folder, "model.safetensors"), Path.Combine(folder, "model-1.safetensors"));
        using (var reader = SafetensorsReader.Open(Path.Combine(folder, "model-1.safetensors")))
        {
            File.WriteAllText(
                Path.Combine(folder, "model.safetensors.index.json"),
                "{\"weight_map\":{" + string.Join(",", reader.Tensors.Keys.Select(name => $"\"{name}\":\"model-1.safetensors\"")) + "}}");
        }
        FolderChecksums.Write(folder);
        ModelFolder.LoadModel(folder).Dispose();
        var content = File.ReadAllBytes(Path.Combine(folder, "model-1.safetensors"));
        content[^1] ^= 1;
        File.WriteAllBytes(Path.Combine(folder, "model-1.safetensors"), content);
        Assert.Contains("model-1.safetensors", Assert.Throws<InvalidDataException>(() => ModelFolder.LoadModel(folder)).Message, StringComparison.Ordinal);
    }

    private string Checkpoint(string kind) => new CheckpointStore(_run.Path).Save(1, folder => SavedModels.Save(kind, folder)).Path;
}
