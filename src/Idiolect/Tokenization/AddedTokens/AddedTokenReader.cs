namespace Idiolect.Tokenization;

/// <summary>Gathers the added tokens of <c>tokenizer.json</c> and of the files beside it.</summary>
/// <param name="fields">Rejects fields by name.</param>
/// <param name="vocabulary">The ids of the model's tokens.</param>
internal sealed class AddedTokenReader(FieldReader fields, Dictionary<string, int> vocabulary)
{
    private readonly List<AddedToken> _tokens = [];
    private readonly Dictionary<string, int> _places = new(StringComparer.Ordinal); // in _tokens
    private readonly HashSet<int> _ids = [];

    /// <summary>The tokens, those that begin and end a text among them.</summary>
    /// <exception cref="InvalidDataException">They contradict each other, or one that begins or ends a text is not there.</exception>
    internal AddedTokenSet Read(IReadOnlyList<AddedToken?> added, TokenizerSettings settings)
    {
        for (var i = 0; i < added.Count; i++)
        {
            var field = $"added_tokens[{i}]";
            var token = added[i] ?? throw fields.Invalid(field, "is null");
            fields.RequireNoOthers(field, token.Others);
            Add(token, field);
        }
        foreach (var token in settings.Added.OrderBy(token => token.Id))
        {
            AddOrReplace(token);
        }
        foreach (var named in settings.Named)
        {
            Add(named);
        }
        var beginning = settings.Beginning ?? (_places.ContainsKey(Tokenizer.EndOfText) ? Tokenizer.EndOfText : _tokens.Count == 1 ? _tokens[0].Content : null);
        return new(_tokens, beginning, settings.End ?? beginning);
    }

    private void Add(AddedToken token, string field)
    {
        fields.Require(!string.IsNullOrEmpty(token.Content), field, "has no content");
        fields.Require(token.Id >= 0, field, $"has id {token.Id}; expected 0 or more");
        fields.Require(_places.TryAdd(token.Content, _tokens.Count), field, $"'{token.Content}' is there twice");
        fields.Require(_ids.Add(token.Id), field, $"has id {token.Id}, which another token has");
        fields.Require(!vocabulary.TryGetValue(token.Content, out var id) || id == token.Id, field,
            $"'{token.Content}' has id {token.Id}, but model.vocab says {id}");
        _tokens.Add(token);
    }

    // The configuration has the last word about a token's options.
    private void AddOrReplace(AddedToken token)
    {
        var field = $"added_tokens_decoder['{token.Id}'] of tokenizer_config.json";
        if (!_places.TryGetValue(token.Content, out var place))
        {
            Add(token, field);
            return;
        }
        fields.Require(_tokens[place].Id == token.Id, field, $"'{token.Content}' has id {_tokens[place].Id} in added_tokens");
        _tokens[place] = token;
    }

    private void Add(NamedToken named)
    {
        if (_places.ContainsKey(named.Token.Content))
        {
            return;
        }
        var isThere = vocabulary.TryGetValue(named.Token.Content, out var id);
        fields.Require(isThere || named.Field is not ("bos_token" or "eos_token"), "added_tokens",
            $"lacks '{named.Token.Content}', which tokenizer_config.json names as {named.Field}");
        // A token that no vocabulary has would have no row in the model either: there, it is text.
        if (isThere)
        {
            Add(named.Token with { Id = id }, named.Field);
        }
    }
}
