using System.Text.Json;
using Idiolect.Formats;

namespace Idiolect.Tokenization;

/// <summary>The pre_tokenizer of a <c>tokenizer.json</c>: read, and written again.</summary>
/// <param name="fields">Rejects fields by name.</param>
internal sealed class PreTokenizerReader(FieldReader fields)
{
    private const string Field = "pre_tokenizer";

    /// <summary>The pre-tokeniser of a byte-level BPE, or null where there is none at all.</summary>
    /// <param name="component">The pre_tokenizer.</param>
    /// <param name="addsPrefixSpace">What tokenizer_config.json says about it; null for nothing.</param>
    /// <exception cref="InvalidDataException">It is of another kind than byte-level BPE has.</exception>
    internal PreTokenizer? Read(TokenizerComponent? component, bool? addsPrefixSpace)
    {
        var parts = Flat(component, Field).ToArray();
        if (parts.Length == 0)
        {
            return null;
        }
        var steps = new List<NamedScanner>();
        for (var i = 0; i < parts.Length; i++)
        {
            var (part, field) = parts[i];
            var isLast = i == parts.Length - 1;
            if (part.Type == "ByteLevel")
            {
                fields.Require(isLast, field, "is followed by another pre-tokenizer, which would see its bytes; nothing may stand behind a ByteLevel");
                continue;
            }
            steps.Add(part.Type switch
            {
                "Split" => Split(part, field),
                "Digits" => Digits(part, field),
                _ => throw fields.Invalid(field, $"'{part.Type}' is not supported; ByteLevel, Split, Digits and Sequences of them are"),
            });
            fields.Require(!isLast, Field, "has no ByteLevel at its end; expected ByteLevel, or Split by a regex and then ByteLevel");
        }
        var (last, lastField) = parts[^1];
        if (ByteLevelCuts(last, lastField))
        {
            steps.Add(NamedScanner.Gpt2);
        }
        // As transformers has it, the configuration has a say only where ByteLevel stands alone.
        var prefix = component is { Type: "ByteLevel" } && addsPrefixSpace is { } said ? said : last.AddPrefixSpace!.Value;
        fields.Require(!prefix || parts.Length == 1, $"{lastField}.add_prefix_space", "is true behind another pre-tokenizer, which is not supported; set it to false");
        return Known(steps, prefix) ?? new PreTokenizer(NameOf(steps), prefix, Checked(steps));
    }

    /// <summary>What <see cref="Read"/> reads as the same pre-tokeniser.</summary>
    internal static TokenizerComponent Write(PreTokenizer preTokenizer)
    {
        var byteLevelCuts = preTokenizer.Steps is [.., { Kind: "ByteLevel" }];
        var byteLevel = TokenizerComponent.ByteLevel(byteLevelCuts, preTokenizer.AddsPrefixSpace);
        TokenizerComponent[] before = [.. preTokenizer.Steps.Take(preTokenizer.Steps.Count - (byteLevelCuts ? 1 : 0)).Select(step
            => step.Kind == "Digits" ? TokenizerComponent.Digits(step.IndividualDigits) : TokenizerComponent.Split(step.Pattern!))];
        return before.Length == 0 ? byteLevel : TokenizerComponent.Sequence([.. before, byteLevel]);
    }

    // The parts of Sequences in Sequences, in order.
    private IEnumerable<(TokenizerComponent Part, string Field)> Flat(TokenizerComponent? component, string field)
    {
        if (component is not { Type: "Sequence" })
        {
            return component is null ? [] : [(component, field)];
        }
        fields.RequireOnly(field, component, "pretokenizers");
        var parts = component.Pretokenizers ?? throw fields.Invalid($"{field}.pretokenizers", "is missing; a Sequence has a list, perhaps an empty one");
        return parts.SelectMany((part, i) => Flat(part ?? throw fields.Invalid($"{field}.pretokenizers[{i}]", "is null"), $"{field}.pretokenizers[{i}]"));
    }

    private bool ByteLevelCuts(TokenizerComponent component, string field)
    {
        fields.RequireOnly(field, component, "add_prefix_space", "trim_offsets", "use_regex");
        fields.Require(component.AddPrefixSpace is not null, $"{field}.add_prefix_space", "is missing; a ByteLevel says true or false");
        return component.UseRegex ?? true;
    }

    private NamedScanner Digits(TokenizerComponent component, string field)
    {
        fields.RequireOnly(field, component, "individual_digits");
        return NamedScanner.Digits(component.IndividualDigits ?? false);
    }

    private NamedScanner Split(TokenizerComponent component, string field)
    {
        fields.RequireOnly(field, component, "pattern", "behavior", "invert");
        var pattern = component.Pattern is { ValueKind: JsonValueKind.Object } element && element.TryGetProperty("Regex", out var value) ? value.Text() : null;
        fields.Require(pattern is not null, $"{field}.pattern", "is no regex; only {\"Regex\": ...} is supported");
        var step = NamedScanner.Split(pattern!) ?? throw fields.Invalid($"{field}.pattern",
            $"is an unknown regex; those of GPT-2, GPT-4 and Llama 3, GPT-4o, Qwen, Tekken, DeepSeek V3 and of digits are supported, found: {pattern}");
        // Isolated keeps matches and what lies between, so that inverting changes nothing. Removed and inverted keeps the matches alone.
        fields.Require(
            component.Behavior == "Isolated" || (component is { Behavior: "Removed", Invert: true } && step.Scanner.CoversAll), $"{field}.behavior",
            $"'{component.Behavior}'{(component.Invert is true ? " with invert" : "")} is not supported for this regex; Isolated is");
        return step;
    }

    private NamedScanner[] Checked(List<NamedScanner> steps)
    {
        fields.Require(steps.Count <= PieceEnumerator.MostScanners, Field, $"has {steps.Count} steps; at most {PieceEnumerator.MostScanners} are supported");
        return [.. steps];
    }

    private static PreTokenizer? Known(List<NamedScanner> steps, bool addsPrefixSpace) => addsPrefixSpace ? null : steps switch
    {
        [{ Pattern: Gpt2Scanner.Pattern } or { Kind: "ByteLevel" }] => PreTokenizer.Gpt2,
        [{ Pattern: Gpt4Scanner.Pattern }] => PreTokenizer.Gpt4,
        _ => null,
    };

    private static string NameOf(List<NamedScanner> steps) => steps switch
    {
        [] => "none",
        [{ Kind: "ByteLevel" } or { Pattern: Gpt2Scanner.Pattern }] => "GPT-2",
        [{ Pattern: Gpt4Scanner.Pattern }] => "GPT-4",
        [{ Pattern: Gpt4Scanner.QwenPattern }] => "Qwen",
        [{ Pattern: Gpt4oScanner.Pattern }] => "GPT-4o",
        [{ Pattern: Gpt4oScanner.TekkenPattern }] => "Tekken",
        [{ Kind: "Digits", IndividualDigits: true }, { Kind: "ByteLevel" }] => "SmolLM",
        [.., { Pattern: DeepSeekScanner.Pattern }] => "DeepSeek",
        _ => string.Join(", ", steps.Select(step => step.Kind)),
    };
}
