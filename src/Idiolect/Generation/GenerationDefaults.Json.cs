using Idiolect.Models;

namespace Idiolect.Generation;

// The fields of transformers' generation_config.json: those that Idiolect has, those without effect here, and the rest.
public sealed partial record GenerationDefaults
{
    /// <summary>Say how something is computed, described or searched with beams, not which text a sampler writes.</summary>
    private static readonly HashSet<string> WithoutEffect =
    [
        "bos_token_id", "pad_token_id", "decoder_start_token_id", "transformers_version", "trust_remote_code", "use_cache", "cache_implementation",
        "cache_config", "return_legacy_cache", "return_dict_in_generate", "output_attentions", "output_hidden_states", "output_scores",
        "output_logits", "early_stopping", "length_penalty", "diversity_penalty", "remove_invalid_values", "renormalize_logits", "num_assistant_tokens",
        "num_assistant_tokens_schedule", "assistant_confidence_threshold", "assistant_early_exit", "assistant_lookbehind", "target_lookbehind",
        "prompt_lookup_num_tokens", "max_matching_ngram_size", "is_assistant", "prefill_chunk_size", "compile_config", "disable_compile",
        "low_memory", "generation_kwargs", "continuous_batching_config", "chat_format", "max_window_size", "model_type",
    ];

    /// <summary>Change the text unless they have this value.</summary>
    private static readonly Dictionary<string, double> Neutral = new()
    {
        ["typical_p"] = 1, ["epsilon_cutoff"] = 0, ["eta_cutoff"] = 0, ["num_beams"] = 1, ["num_beam_groups"] = 1, ["penalty_alpha"] = 0,
        ["encoder_repetition_penalty"] = 1, ["no_repeat_ngram_size"] = 0, ["encoder_no_repeat_ngram_size"] = 0, ["guidance_scale"] = 1,
        ["min_length"] = 0, ["min_new_tokens"] = 0,
    };

    private static readonly HashSet<string> Known =
    [
        "eos_token_id", "max_new_tokens", "max_length", "do_sample", "temperature", "top_k", "top_p", "min_p", "repetition_penalty", "stop_strings",
        "num_return_sequences",
    ];

    /// <summary>Reads the fields.</summary>
    /// <exception cref="InvalidDataException">One makes no sense; the message names it.</exception>
    private static GenerationDefaults Read(JsonFields f)
    {
        var isGreedy = !f.BooleanOr("do_sample", true);
        var temperature = Single("temperature", value => value >= 0, "0 or more");
        return new GenerationDefaults
        {
            EndOfTextIds = f.Has("eos_token_id") ? f.Integers("eos_token_id") : null,
            MaxTokens = Integer("max_new_tokens", 0),
            MaxLength = Integer("max_length", 0),
            Temperature = isGreedy ? 0 : temperature,
            TopK = Integer("top_k", 0),
            TopP = Single("top_p", value => value is > 0 and <= 1, "above 0 and at most 1"),
            MinP = Single("min_p", value => value is >= 0 and < 1, "at least 0 and below 1"),
            RepetitionPenalty = Single("repetition_penalty", value => value > 0, "positive"),
            StopStrings = f.TextOrTexts("stop_strings"),
            Samples = Integer("num_return_sequences", 1),
            Unsupported = [.. f.Names.Where(name => !Known.Contains(name) && ChangesText(name)).Order(StringComparer.Ordinal)],
        };

        int? Integer(string name, int least)
            => !f.Has(name) ? null : f.Integer(name) is var value && value >= least ? value : throw f.Error(name, $"{value} must be {least} or more");

        float? Single(string name, Func<float, bool> holds, string wanted)
            => !f.Has(name) ? null : f.SingleOr(name, 0) is var value && holds(value) ? value
                : throw f.Error(name, FormattableString.Invariant($"{value} must be {wanted}"));

        bool ChangesText(string name) => !name.StartsWith('_') && !WithoutEffect.Contains(name) && !f.IsNothing(name)
            && !(Neutral.TryGetValue(name, out var neutral) && f.IsNumber(name, neutral));
    }
}
