namespace Idiolect.Cli.Options;

/// <summary>The verb for each thing that the library tells its users to take: a person at a prompt knows verbs.</summary>
internal static class Verbs
{
    private static readonly (string Library, string Tool)[] Words =
    [
        ("use MaskedLanguageModel or TextEmbedder.", "let it `fill` or `embed`."),
        ("use Translator.", "let it `translate`."),
        ("use TextClassifier.", "let it `classify`."),
        ("TextClassifier.Begin starts one on a trained model.", "teach a model with `tune`."),
    ];

    /// <summary>The message with verbs in the place of types, which end such a message.</summary>
    internal static string InVerbs(string message)
        => Words.FirstOrDefault(word => message.EndsWith(word.Library, StringComparison.Ordinal)) is ({ } library, { } tool) ? message[..^library.Length] + tool : message;
}
