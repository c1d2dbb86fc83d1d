namespace Idiolect.Training;

/// <summary>The learning rate as a pure function of the step, so that a resumed run follows the same course.</summary>
/// <param name="Shape">The course after warm-up.</param>
/// <param name="Peak">The highest learning rate.</param>
/// <param name="Steps">The length of the run.</param>
/// <param name="WarmupSteps">The steps of linear rise at the start; the first one already has Peak / WarmupSteps.</param>
/// <param name="MinimumFraction">The last learning rate as a fraction of the peak.</param>
/// <param name="DecayFraction">The part of all steps that <see cref="ScheduleShape.WarmupStableDecay"/> decays over.</param>
public sealed record LearningRateSchedule(
    ScheduleShape Shape, double Peak, long Steps, long WarmupSteps, double MinimumFraction, double DecayFraction)
{
    /// <summary>The schedule that the options describe.</summary>
    public static LearningRateSchedule From(TrainingOptions options)
        => new(
            options.Schedule,
            options.LearningRate,
            options.Steps,
            options.WarmupSteps,
            options.MinimumLearningRateFraction,
            options.DecayFraction);

    /// <summary>The learning rate of a step, counted from 0. From <see cref="Steps"/> on it is the minimum.</summary>
    public double At(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return step < WarmupSteps ? Peak * (step + 1) / WarmupSteps : Peak * FractionAfterWarmup(step);
    }

    private double FractionAfterWarmup(long step) => Shape switch
    {
        ScheduleShape.Constant => 1,
        ScheduleShape.InverseSquareRoot => Math.Sqrt(Math.Max(1, WarmupSteps) / (step + 1.0)),
        ScheduleShape.Cosine => Between(0.5 * (1 + Math.Cos(Math.PI * (1 - Remaining(step, Steps - WarmupSteps))))),
        _ => Between(Remaining(step, Math.Min(Steps * DecayFraction, Steps - WarmupSteps))),
    };

    /// <summary>1 while more than <paramref name="span"/> steps remain, falling to 0 at the end.</summary>
    private double Remaining(long step, double span) => span <= 0 ? 0 : Math.Clamp((Steps - step) / span, 0, 1);

    private double Between(double weight) => MinimumFraction + ((1 - MinimumFraction) * weight);
}
