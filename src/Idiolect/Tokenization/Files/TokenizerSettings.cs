namespace Idiolect.Tokenization;

/// <summary>A special token that <c>tokenizer_config.json</c> or <c>special_tokens_map.json</c> names.</summary>
/// <param name="Field">What it is for: bos_token, additional_special_tokens.</param>
/// <param name="Token">The token; its id is not known.</param>
internal sealed record NamedToken(string Field, AddedToken Token);

/// <summary>What <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> say beside <c>tokenizer.json</c>, as far as it decides ids.</summary>
internal sealed record TokenizerSettings
{
    /// <summary>The class that transformers takes.</summary>
    internal string? TokenizerClass { get; init; }

    internal IReadOnlyList<NamedToken> Named { get; init; } = [];

    /// <summary>added_tokens_decoder: tokens, or other options for tokens of <c>tokenizer.json</c>.</summary>
    internal IReadOnlyList<AddedToken> Added { get; init; } = [];

    /// <summary>Whether the token that begins a text is put before it; null where the post-processor decides.</summary>
    internal bool? AddsBeginning { get; init; }

    /// <summary>Whether the token that ends a text is put behind it; null where the post-processor decides.</summary>
    internal bool? AddsEnd { get; init; }

    /// <summary>Whether a text that does not begin with a space gets one; null where the pre-tokeniser decides.</summary>
    internal bool? AddsPrefixSpace { get; init; }

    /// <summary>Whether special tokens that are written in a prompt are text.</summary>
    internal bool SplitsSpecialTokens { get; init; }

    /// <summary>
    /// Whether the file has the members that Idiolect wrote before it wrote add_bos_token. Then the token that begins a text always stood before
    /// a prompt, whatever the post-processor says.
    /// </summary>
    internal bool IsOursOfOld { get; init; }

    internal string? Beginning => ContentOf("bos_token");

    internal string? End => ContentOf("eos_token");

    private string? ContentOf(string field) => Named.FirstOrDefault(named => named.Field == field)?.Token.Content;
}
