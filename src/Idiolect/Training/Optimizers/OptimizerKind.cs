using System.Text.Json.Serialization;

namespace Idiolect.Training;

/// <summary>How parameters follow their gradients.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<OptimizerKind>))]
public enum OptimizerKind
{
    /// <summary>AdamW for all (Loshchilov and Hutter 2019).</summary>
    [JsonStringEnumMemberName("adamw")]
    AdamW,

    /// <summary>
    /// Muon (Jordan et al. 2024), scaled as by Liu et al. 2025, for hidden matrices; AdamW for embeddings, output layers, gains and biases.
    /// </summary>
    [JsonStringEnumMemberName("muon")]
    Muon,
}
