using Idiolect.Evaluation;
using Idiolect.Kernels;

namespace Idiolect.Generation;

/// <summary>
/// Takes one text from the model's scores to its next token: repetition penalty, the logit processors of the options in their order, the
/// sampler; and checks what those of others did.
/// </summary>
/// <param name="options">The pipeline.</param>
/// <param name="promptLength">Tokens of the prompt.</param>
/// <param name="prompt">Which of the prompts of one call.</param>
/// <param name="sample">Which of the texts written from it: each draws its own random numbers, whatever the prompt's place.</param>
internal sealed class TokenChooser(GenerationOptions options, int promptLength, int prompt, int sample)
{
    private readonly ulong _key = CounterRandom.Derive(options.Seed, (ulong)sample);
    private readonly RepetitionPenalty? _penalty = options.RepetitionPenalty == 1f ? null : new RepetitionPenalty(options.RepetitionPenalty);
    private readonly ISampler _sampler = options.Sampler ?? new Sampler(options);
    private float[] _unchanged = []; // (vocabulary): the model's own scores, where they are asked for
    private ulong _drawn;

    /// <summary>The logarithm of the probability that the model itself gave the last token; 0 unless the options ask for it.</summary>
    internal double LogProbability { get; private set; }

    /// <summary>The next token.</summary>
    /// <param name="text">The prompt and all that was written.</param>
    /// <param name="logits">(vocabulary) scores; changed by the processors.</param>
    /// <exception cref="InvalidDataException">A score of the model is not finite.</exception>
    /// <exception cref="InvalidOperationException">A processor left no score to choose from, or the sampler chose what it must not.</exception>
    internal int Next(ReadOnlySpan<int> text, Span<float> logits)
    {
        RequireFinite(logits);
        if (options.LogProbabilities)
        {
            _unchanged = _unchanged.Length == logits.Length ? _unchanged : new float[logits.Length];
            logits.CopyTo(_unchanged);
        }
        var sequence = new TokenSequence { Tokens = text, PromptLength = promptLength, Prompt = prompt, Sample = sample };
        _penalty?.Process(sequence, logits);
        foreach (var processor in options.LogitProcessors)
        {
            processor.Process(sequence, logits);
            RequireChoice(processor, logits);
        }
        var id = _sampler.Sample(sequence, logits, CounterRandom.Uniform(_key, _drawn++));
        if ((uint)id >= (uint)logits.Length || float.IsNegativeInfinity(logits[id]))
        {
            throw new InvalidOperationException(
                $"The sampler {_sampler.GetType().Name} chose the token {id}, which is forbidden or none of the {logits.Length} that the model knows.");
        }
        LogProbability = options.LogProbabilities ? -LogitScore.Nats(_unchanged, id) : 0;
        return id;
    }

    private static void RequireFinite(ReadOnlySpan<float> logits)
    {
        foreach (var score in logits)
        {
            if (!float.IsFinite(score))
            {
                throw new InvalidDataException("The model's scores are not finite: its weights are damaged, or training has diverged.");
            }
        }
    }

    private static void RequireChoice(ILogitProcessor processor, ReadOnlySpan<float> logits)
    {
        var allowed = false;
        for (var id = 0; id < logits.Length; id++)
        {
            if (float.IsNaN(logits[id]) || float.IsPositiveInfinity(logits[id]))
            {
                throw new InvalidOperationException(
                    $"The logit processor {processor.GetType().Name} made the score of token {id} {logits[id]}; it must be a number, or "
                    + "negative infinity to forbid the token.");
            }
            allowed |= logits[id] >= float.MinValue;
        }
        if (!allowed)
        {
            throw new InvalidOperationException(
                $"After the logit processor {processor.GetType().Name} every token is forbidden: nothing can follow this text.");
        }
    }
}
