using System.Text.Json;

using Idiolect.Evaluation;
using Idiolect.Recipes;

namespace Idiolect.Cli.Output;

/// <summary>The words and fields in which a translation's corpus and scores are told.</summary>
internal static class TranslationText
{
    internal static IEnumerable<string> Corpus(PairsDivided pairs)
    {
        var corpus = pairs.Corpus;
        yield return $"{ReadableText.Whole(corpus.Training.Count + corpus.Validation.Count + corpus.Test.Count)} different sentence pairs of up to 300 "
            + $"characters: {ReadableText.Whole(corpus.Training.Count)} to learn from, {ReadableText.Whole(corpus.Validation.Count)} to choose the checkpoint, "
            + $"{ReadableText.Whole(corpus.Test.Count)} to test (split by {pairs.Split}; hash {corpus.Hash[..12]})";
        yield return $"held-out sentences whose letters stand in the training set, in either language: {pairs.Overlap}";
    }

    internal static IEnumerable<string> Sentence(SentenceTranslated sentence) =>
    [
        $"source       {ReadableText.Printable(sentence.Source)}",
        $"translation  {ReadableText.Printable(sentence.Translation)}",
        $"reference    {ReadableText.Printable(sentence.Reference)}",
        "",
    ];

    internal static IEnumerable<(string Name, string Value)> Rows(TranslationScores scores)
    {
        yield return ("BLEU", FormattableString.Invariant($"{scores.Bleu.Value:0.00} (95%: {scores.Bleu.Low:0.00} to {scores.Bleu.High:0.00}) ")
            + $"on {ReadableText.Whole(scores.Sentences)} held-out sentences");
        yield return ("chrF2", FormattableString.Invariant($"{scores.ChrF:0.00}"));
        yield return ("beside it: copy of the source", FormattableString.Invariant($"BLEU {scores.CopyBleu:0.00}, chrF2 {scores.CopyChrF:0.00}"));
        yield return ("beside it: nearest training sentence", FormattableString.Invariant($"BLEU {scores.NearestBleu:0.00}, chrF2 {scores.NearestChrF:0.00}"));
        yield return ("above the nearest sentence", FormattableString.Invariant(
            $"{scores.AboveNearest.Value:0.00} BLEU (95%: {scores.AboveNearest.Low:0.00} to {scores.AboveNearest.High:0.00})"));
        yield return ("signatures", $"BLEU|{Bleu.Signature}, chrF2|{ChrF.Signature}");
    }

    internal static void Write(Utf8JsonWriter json, TranslationScores scores)
    {
        json.WriteFinite("bleu", scores.Bleu.Value);
        json.WriteFinite("bleuLow", scores.Bleu.Low);
        json.WriteFinite("bleuHigh", scores.Bleu.High);
        json.WriteFinite("chrf", scores.ChrF);
        json.WriteFinite("copyBleu", scores.CopyBleu);
        json.WriteFinite("copyChrf", scores.CopyChrF);
        json.WriteFinite("nearestBleu", scores.NearestBleu);
        json.WriteFinite("nearestChrf", scores.NearestChrF);
        json.WriteFinite("aboveNearest", scores.AboveNearest.Value);
        json.WriteFinite("aboveNearestLow", scores.AboveNearest.Low);
        json.WriteFinite("aboveNearestHigh", scores.AboveNearest.High);
        json.WriteNumber("testSentences", scores.Sentences);
        json.WriteString("bleuSignature", Bleu.Signature);
        json.WriteString("chrfSignature", ChrF.Signature);
    }
}
