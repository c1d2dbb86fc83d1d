using System.Text.Json.Serialization;

namespace Idiolect.Lab;

/// <summary>What an experiment says about its claim.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<Verdict>))]
public enum Verdict
{
    /// <summary>Runs disagree, or a control failed.</summary>
    [JsonStringEnumMemberName("undecided")]
    Undecided,

    /// <summary>Every run met the threshold and its conditions.</summary>
    [JsonStringEnumMemberName("shown")]
    Shown,

    /// <summary>No run did.</summary>
    [JsonStringEnumMemberName("refuted")]
    Refuted,
}
