using CsCheck;
using Idiolect.Training;

namespace Idiolect.Tests.Training;

public sealed class LearningRateScheduleTests
{
    private static readonly Gen<LearningRateSchedule> Schedules =
        from shape in Gen.Enum<ScheduleShape>()
        from steps in Gen.Long[1, 300]
        from warmup in Gen.Long[0, steps]
        from minimum in Gen.Double[0, 1]
        from decay in Gen.Double[0.01, 1]
        select new LearningRateSchedule(shape, 3e-4, steps, warmup, minimum, decay);

    [Fact]
    public void Warm_up_rises_in_a_line_to_the_peak()
    {
        var schedule = new LearningRateSchedule(ScheduleShape.Cosine, 8, 100, 4, 0.1, 0.3);
        Assert.Equal([2, 4, 6, 8, 8], Enumerable.Range(0, 5).Select(step => schedule.At(step)));
    }

    [Fact]
    public void The_cosine_is_half_way_in_the_middle_and_at_the_minimum_in_the_end()
    {
        var schedule = new LearningRateSchedule(ScheduleShape.Cosine, 1, 110, 10, 0.2, 0.3);
        Assert.Equal(0.6, schedule.At(60), 12);
        Assert.Equal(0.2, schedule.At(110), 12);
        Assert.Equal(0.2 + (0.8 * (0.5 + (0.25 * Math.Sqrt(2)))), schedule.At(35), 12);
    }

    [Fact]
    public void Warm_up_stable_decay_holds_the_peak_and_falls_in_a_line()
    {
        var schedule = new LearningRateSchedule(ScheduleShape.WarmupStableDecay, 1, 100, 10, 0, 0.2);
        Assert.Equal([1, 1, 1, 0.5, 0.05], new long[] { 10, 50, 80, 90, 99 }.Select(step => Math.Round(schedule.At(step), 12)));
    }

    [Fact]
    public void The_inverse_square_root_is_the_paper_s_formula()
    {
        // lrate = width^-0.5 * min(step^-0.5, step * warm-up^-1.5), steps counted from 1, with the base model's numbers.
        var schedule = new LearningRateSchedule(ScheduleShape.InverseSquareRoot, Math.Pow(512 * 4000, -0.5), 100_000, 4000, 0, 0.3);
        Assert.All(Enumerable.Range(1, 100).Select(i => 150 * i), step => Assert.Equal(
            Math.Pow(512, -0.5) * Math.Min(Math.Pow(step, -0.5), step * Math.Pow(4000, -1.5)), schedule.At(step - 1), 1e-12));
    }

    [Fact]
    public void A_constant_schedule_stays()
        => Assert.Equal(3, new LearningRateSchedule(ScheduleShape.Constant, 3, 10, 0, 0, 0.3).At(1000));

    [Fact]
    public void After_warm_up_the_rate_never_rises_and_stays_between_minimum_and_peak()
        => Schedules.Sample(schedule =>
        {
            var rates = Enumerable.Range((int)schedule.WarmupSteps, 400).Select(step => schedule.At(step)).ToList();
            return rates.Zip(rates.Skip(1)).All(pair => pair.First >= pair.Second)
                && rates.All(rate => rate <= schedule.Peak * (1 + 1e-12)
                    && (schedule.Shape == ScheduleShape.InverseSquareRoot || rate >= schedule.Peak * schedule.MinimumFraction * (1 - 1e-12)));
        });

    [Fact]
    public void Every_step_of_a_run_has_a_rate_above_zero()
        => Schedules.Sample(schedule => Enumerable.Range(0, (int)schedule.Steps).All(step => schedule.At(step) > 0));
}
