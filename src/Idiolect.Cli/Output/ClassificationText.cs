using System.Text.Json;

using Idiolect.Evaluation;

namespace Idiolect.Cli.Output;

/// <summary>The words and fields in which a classifier's scores are told.</summary>
internal static class ClassificationText
{
    internal static IEnumerable<(string Name, string Value)> Rows(ClassificationScores scores)
    {
        yield return ("accuracy", FormattableString.Invariant($"{scores.Accuracy:0.0000} on {scores.Texts:#,0} held-out texts"));
        yield return ("macro-F1", FormattableString.Invariant($"{scores.MacroF1:0.0000}"));
        yield return ("beside it: naive Bayes on words", FormattableString.Invariant($"accuracy {scores.NaiveBayesAccuracy:0.0000}, macro-F1 {scores.NaiveBayesMacroF1:0.0000}"));
        yield return ("beside it: always the most frequent label", FormattableString.Invariant($"accuracy {scores.MajorityAccuracy:0.0000}"));
    }

    internal static void Write(Utf8JsonWriter json, ClassificationScores scores)
    {
        json.WriteFinite("accuracy", scores.Accuracy);
        json.WriteFinite("macroF1", scores.MacroF1);
        json.WriteFinite("naiveBayesAccuracy", scores.NaiveBayesAccuracy);
        json.WriteFinite("naiveBayesMacroF1", scores.NaiveBayesMacroF1);
        json.WriteFinite("majorityAccuracy", scores.MajorityAccuracy);
        json.WriteNumber("testTexts", scores.Texts);
        json.WriteStartArray("labels");
        foreach (var label in scores.Labels)
        {
            json.WriteStringValue(label);
        }
        json.WriteEndArray();
        json.WriteStartArray("confusion"); // [right label][given label]
        for (var right = 0; right < scores.Labels.Count; right++)
        {
            json.WriteStartArray();
            for (var given = 0; given < scores.Labels.Count; given++)
            {
                json.WriteNumberValue(scores.Confusion[right, given]);
            }
            json.WriteEndArray();
        }
        json.WriteEndArray();
    }
}
