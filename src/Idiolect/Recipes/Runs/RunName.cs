namespace Idiolect.Recipes;

/// <summary>Names that a person can remember and type: <c>quiet-harbor</c>.</summary>
internal static class RunName
{
    private static readonly string[] Adjectives =
    [
        "amber", "bold", "brisk", "calm", "clear", "copper", "crisp", "early", "fair", "gentle", "golden", "green", "keen", "late",
        "light", "lively", "mellow", "misty", "noble", "open", "patient", "plain", "polar", "quick", "quiet", "rapid", "silver", "small",
        "steady", "sunny", "warm", "wild",
    ];

    private static readonly string[] Nouns =
    [
        "acorn", "anchor", "arbor", "beacon", "brook", "canyon", "cedar", "cloud", "comet", "delta", "ember", "falcon", "fern", "field",
        "fjord", "garden", "harbor", "heron", "island", "lagoon", "lantern", "maple", "meadow", "orchard", "otter", "pebble", "river",
        "sparrow", "summit", "thicket", "valley", "willow",
    ];

    internal static string Make(Random random) =>
        $"{Adjectives[random.Next(Adjectives.Length)]}-{Nouns[random.Next(Nouns.Length)]}";
}
