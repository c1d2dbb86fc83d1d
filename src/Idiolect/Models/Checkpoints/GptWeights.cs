namespace Idiolect.Models;

/// <summary>The published names of a GPT's weights: GPT-2's, or those of the Llama family (Llama, Qwen3).</summary>
internal static class GptWeights
{
    /// <summary>The output layer's matrix, where it is not the embedding's.</summary>
    internal const string Head = "lm_head.weight";

    /// <summary>The sizes that a config.json claims, and the tensors that have them.</summary>
    internal static IReadOnlyList<SizeClaim> Claims(GptConfig c) => c.LearnedPositions
        ?
        [
            new("vocab_size", c.VocabularySize, "transformer.wte.weight", 0),
            new("n_embd", c.Width, "transformer.wte.weight", 1),
            new("n_positions", c.ContextLength, "transformer.wpe.weight", 0),
            new("n_layer", c.LayerCount, "transformer.h.", null),
            new("n_inner", c.FeedForwardWidth, "transformer.h.0.mlp.c_fc.weight", 1),
        ]
        :
        [
            new("vocab_size", c.VocabularySize, "model.embed_tokens.weight", 0),
            new("hidden_size", c.Width, "model.embed_tokens.weight", 1),
            new("num_hidden_layers", c.LayerCount, "model.layers.", null),
            new("intermediate_size", c.FeedForwardWidth, "model.layers.0.mlp.gate_proj.weight", 0),
            new("num_attention_heads times head_dim", (long)c.HeadCount * c.HeadSize, "model.layers.0.self_attn.q_proj.weight", 0),
            new("num_key_value_heads times head_dim", (long)c.KeyValueHeadCount * c.HeadSize, "model.layers.0.self_attn.k_proj.weight", 0),
        ];

    /// <summary>Every tensor of the model's checkpoint.</summary>
    internal static IEnumerable<PublishedTensor> Published(Gpt model)
        => model.Config.LearnedPositions ? Gpt2(model) : Llama(model);

    private static IEnumerable<PublishedTensor> Gpt2(Gpt model)
    {
        yield return Whole(model, "transformer.wte.weight", "token_embedding.weight");
        yield return Whole(model, "transformer.wpe.weight", "position_embedding.weight");
        for (var i = 0; i < model.Config.LayerCount; i++)
        {
            var (there, here) = ($"transformer.h.{i}", $"layers.{i}");
            foreach (var (published, ours) in new[]
            {
                ("ln_1", "attention_norm"), ("attn.c_attn", "attention.qkv"), ("attn.c_proj", "attention.output"),
                ("ln_2", "feed_forward_norm"), ("mlp.c_fc", "feed_forward.up"), ("mlp.c_proj", "feed_forward.down"),
            })
            {
                var weight = model.Parameters[$"{here}.{ours}.weight"];
                yield return new($"{there}.{published}.weight", weight, 0, weight.Shape[0], Transposed: weight.Shape.Rank == 2);
                yield return Whole(model, $"{there}.{published}.bias", $"{here}.{ours}.bias");
            }
        }
        yield return Whole(model, "transformer.ln_f.weight", "final_norm.weight");
        yield return Whole(model, "transformer.ln_f.bias", "final_norm.bias");
        if (!model.Config.TiedEmbedding)
        {
            yield return Whole(model, Head, "head.weight");
        }
    }

    private static IEnumerable<PublishedTensor> Llama(Gpt model)
    {
        var c = model.Config;
        var (queryRows, keyRows) = (c.HeadCount * c.HeadSize, c.KeyValueHeadCount * c.HeadSize);
        yield return Whole(model, "model.embed_tokens.weight", "token_embedding.weight");
        for (var i = 0; i < c.LayerCount; i++)
        {
            var (there, here) = ($"model.layers.{i}", $"layers.{i}");
            yield return Whole(model, $"{there}.input_layernorm.weight", $"{here}.attention_norm.weight");
            var qkv = model.Parameters[$"{here}.attention.qkv.weight"];
            yield return new($"{there}.self_attn.q_proj.weight", qkv, 0, queryRows);
            yield return new($"{there}.self_attn.k_proj.weight", qkv, queryRows, keyRows);
            yield return new($"{there}.self_attn.v_proj.weight", qkv, queryRows + keyRows, keyRows);
            yield return Whole(model, $"{there}.self_attn.o_proj.weight", $"{here}.attention.output.weight");
            if (c.NormalizeQueryKey)
            {
                yield return Whole(model, $"{there}.self_attn.q_norm.weight", $"{here}.attention.query_norm.weight");
                yield return Whole(model, $"{there}.self_attn.k_norm.weight", $"{here}.attention.key_norm.weight");
            }
            yield return Whole(model, $"{there}.post_attention_layernorm.weight", $"{here}.feed_forward_norm.weight");
            var gateUp = model.Parameters[$"{here}.feed_forward.gate_up.weight"];
            yield return new($"{there}.mlp.gate_proj.weight", gateUp, 0, c.FeedForwardWidth);
            yield return new($"{there}.mlp.up_proj.weight", gateUp, c.FeedForwardWidth, c.FeedForwardWidth);
            yield return Whole(model, $"{there}.mlp.down_proj.weight", $"{here}.feed_forward.down.weight");
        }
        yield return Whole(model, "model.norm.weight", "final_norm.weight");
        if (!c.TiedEmbedding)
        {
            yield return Whole(model, Head, "head.weight");
        }
    }

    private static PublishedTensor Whole(Gpt model, string published, string ours)
    {
        var parameter = model.Parameters[ours];
        return new(published, parameter, 0, parameter.Shape[0]);
    }
}
