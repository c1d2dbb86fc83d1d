using System.Xml;

namespace Idiolect.Data;

/// <summary>Turns an XML documentation file (C# specification, annex D) into plain text.</summary>
internal sealed class DocumentationReader
{
    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    private readonly XmlReader _reader;
    private readonly PlainText _text = new();
    private readonly TypeParameterNames _generics = new();
    private readonly Dictionary<string, string> _mentions = new(StringComparer.Ordinal);

    private DocumentationReader(XmlReader reader) => _reader = reader;

    /// <summary>The members of a file, in its order.</summary>
    /// <exception cref="XmlException">It is no valid XML or has a DTD.</exception>
    internal static List<DocumentationMember> Read(byte[] xml)
    {
        using var reader = XmlReader.Create(new MemoryStream(xml, writable: false), Settings);
        var members = new List<DocumentationMember>();
        var documentation = new DocumentationReader(reader);
        while (reader.ReadToFollowing("member"))
        {
            if (DocumentationId.TryParse(reader.GetAttribute("name")) is { } id && documentation.ReadMember(id) is { } member)
            {
                members.Add(member);
            }
        }
        return members;
    }

    private DocumentationMember? ReadMember(DocumentationId id)
    {
        if (_reader.IsEmptyElement)
        {
            return null;
        }
        var sections = new Sections();
        var depth = _reader.Depth;
        while (_reader.Read() && _reader.Depth > depth)
        {
            if (_reader.NodeType == XmlNodeType.Element)
            {
                // The reader's position is on the section's end (or the empty element) afterwards.
                sections.Add(_reader.LocalName, SectionSubject(), SectionText());
            }
        }
        if (id.Kind == 'T')
        {
            _generics.Add(id.TypePath, sections.TypeParameters);
        }
        return new DocumentationMember(
            id,
            id.Signature(sections.Parameters, _generics, id.Kind == 'M' ? sections.TypeParameters : []),
            sections.Elements());
    }

    private string SectionSubject()
        => _reader.GetAttribute("name")
            ?? (_reader.GetAttribute("cref") is { } cref ? Mention(cref) : "");

    private string SectionText()
    {
        if (_reader.IsEmptyElement)
        {
            return "";
        }
        var depth = _reader.Depth;
        while (_reader.Read() && _reader.Depth > depth)
        {
            switch (_reader.NodeType)
            {
                case XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.Whitespace or XmlNodeType.SignificantWhitespace:
                    _text.Append(_reader.Value);
                    break;
                case XmlNodeType.Element:
                    AppendElement();
                    break;
                case XmlNodeType.EndElement when _reader.LocalName is "para" or "p" or "item" or "listheader" or "list":
                    _text.BreakLine();
                    break;
            }
        }
        return _text.Take();
    }

    private void AppendElement()
    {
        switch (_reader.LocalName)
        {
            case "see" or "seealso" or "paramref" or "typeparamref" or "c" or "code" or "xref":
                var target = _reader.GetAttribute("cref") is { } cref ? Mention(cref)
                    : _reader.GetAttribute("name") ?? _reader.GetAttribute("langword")
                    ?? (_reader.IsEmptyElement ? _reader.GetAttribute("href") : null);
                // <see cref="...">text</see> already has its text.
                if (_reader.IsEmptyElement && target is not null)
                {
                    _text.Append(target);
                }
                break;
            case "para" or "p" or "br" or "list" or "listheader":
                _text.BreakLine();
                break;
            case "item" or "li":
                _text.BreakLine();
                _text.Append("- ");
                break;
            case "description" when !_text.IsAtLineStart && !_text.IsAfterBullet:
                _text.Append(": ");
                break;
        }
    }

    private string Mention(string cref)
    {
        if (!_mentions.TryGetValue(cref, out var mention))
        {
            mention = DocumentationId.TryParse(cref)?.Mention(_generics) ?? cref[(cref.IndexOf(':', StringComparison.Ordinal) + 1)..];
            _mentions.Add(cref, mention);
        }
        return mention;
    }

    /// <summary>The parts of one member's documentation, collected in any order and written in one.</summary>
    private sealed class Sections
    {
        private readonly List<string> _summary = [];
        private readonly List<string> _typeParameters = [];
        private readonly List<string> _parameters = [];
        private readonly List<string> _returns = [];
        private readonly List<string> _exceptions = [];
        private readonly List<string> _remarks = [];

        internal List<string> Parameters { get; } = [];

        internal List<string> TypeParameters { get; } = [];

        internal void Add(string tag, string subject, string text)
        {
            switch (tag)
            {
                case "param":
                    Parameters.Add(subject);
                    break;
                case "typeparam":
                    TypeParameters.Add(subject);
                    break;
            }
            if (text.Length == 0)
            {
                return;
            }
            switch (tag)
            {
                case "summary":
                    _summary.Add(text);
                    break;
                case "typeparam":
                    _typeParameters.Add($"{subject}: {text}");
                    break;
                case "param":
                    _parameters.Add($"{subject}: {text}");
                    break;
                case "returns" or "value":
                    _returns.Add($"Returns: {text}");
                    break;
                case "exception":
                    _exceptions.Add($"Throws {subject}: {text}");
                    break;
                case "remarks":
                    _remarks.Add($"Remarks: {text}");
                    break;
            }
        }

        internal string[] Elements() => [.. _summary, .. _typeParameters, .. _parameters, .. _returns, .. _exceptions, .. _remarks];
    }
}
