using System.Text.Json.Serialization;

namespace Idiolect.Training;

/// <summary>The course of the learning rate after warm-up.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<ScheduleShape>))]
public enum ScheduleShape
{
    /// <summary>It stays.</summary>
    [JsonStringEnumMemberName("constant")]
    Constant,

    /// <summary>Half a cosine from the peak to the minimum (Loshchilov and Hutter 2017, "SGDR", equation 5, one cycle).</summary>
    [JsonStringEnumMemberName("cosine")]
    Cosine,

    /// <summary>
    /// Warm-up, stable, decay (Hu et al. 2024, "MiniCPM", section 4): the peak is held, then falls to the minimum over the last
    /// steps; linearly here.
    /// </summary>
    [JsonStringEnumMemberName("warmup_stable_decay")]
    WarmupStableDecay,

    /// <summary>
    /// It falls with the square root of the step (Vaswani et al. 2017, section 5.3), from a peak that the paper sets to
    /// 1 / sqrt(width * warm-up steps); the minimum is not used.
    /// </summary>
    [JsonStringEnumMemberName("inverse_square_root")]
    InverseSquareRoot,
}
