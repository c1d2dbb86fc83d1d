namespace Idiolect.Models;

/// <summary>
/// Fields of a published config.json that change what a model computes and that none of our models has: a file that sets one to anything but the
/// value without effect is refused by name. What is in no list here only describes (such as <c>architectures</c>), or matters in training alone.
/// </summary>
internal static class ConfigVariations
{
    private static readonly string[] Absent =
    [
        "quantization_config", "attn_logit_softcapping", "final_logit_softcapping", "attention_multiplier", "query_pre_attn_scalar", "clip_qkv",
        "no_rope_layers", "attention_chunk_size", "num_experts", "num_local_experts", "n_routed_experts", "pruned_heads", "cross_attention_layers",
    ];

    private static readonly string[] One =
        ["partial_rotary_factor", "rotary_pct", "logit_scale", "logits_scaling", "embedding_multiplier", "residual_multiplier"];

    private static readonly string[] False =
    [
        "is_encoder_decoder", "add_cross_attention", "attention_bias", "mlp_bias", "qkv_bias", "use_bias", "attention_out_bias", "use_sliding_window",
        "rope_interleaved", "interleaved_rotary", "use_parallel_residual", "parallel_attn", "alibi", "use_alibi", "scale_embedding",
    ];

    /// <summary>Refuses what no GPT of ours has.</summary>
    /// <param name="f">The fields.</param>
    /// <exception cref="InvalidDataException">A field asks for something that is not supported.</exception>
    internal static void Refuse(JsonFields f)
    {
        foreach (var name in Absent)
        {
            f.RequireNothing(name);
        }
        foreach (var name in One)
        {
            if (f.NumberOr(name, 1) != 1)
            {
                throw f.Error(name, "only 1 is supported");
            }
        }
        foreach (var name in False)
        {
            f.Require(name, false);
        }
    }

    /// <summary>Refuses rotary positions and attention of another kind than Llama's and Qwen3's own.</summary>
    /// <param name="f">The fields.</param>
    /// <param name="contextLength">The positions: a window as long as all of them hides none.</param>
    /// <exception cref="InvalidDataException">A field asks for something that is not supported.</exception>
    internal static void RefuseOfLlama(JsonFields f, int contextLength)
    {
        RequireDefaultRope(f.Object("rope_scaling"));
        RequireDefaultRope(f.Object("rope_parameters")); // where transformers 5 has rope_theta and rope_scaling
        foreach (var kind in f.Texts("layer_types"))
        {
            if (kind != "full_attention")
            {
                throw f.Error("layer_types", $"\"{kind}\" is not supported; only \"full_attention\" is");
            }
        }
        if (f.BooleanOr("use_sliding_window", true) && f.IntegerOr("sliding_window", contextLength) < contextLength)
        {
            throw f.Error("sliding_window", "is not supported: every position sees all before it");
        }
    }

    private static void RequireDefaultRope(JsonFields? rope)
    {
        if (rope is null)
        {
            return;
        }
        foreach (var name in new[] { "rope_type", "type" })
        {
            if (rope.TextOr(name, "default") is var kind and not "default")
            {
                throw rope.Error(name, $"\"{kind}\" is not supported; only \"default\" is");
            }
        }
        foreach (var name in new[] { "factor", "partial_rotary_factor" })
        {
            if (rope.NumberOr(name, 1) != 1)
            {
                throw rope.Error(name, "only 1 is supported");
            }
        }
    }
}
