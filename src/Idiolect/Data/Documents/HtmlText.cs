using System.Text;
using AngleSharp.Dom;
using AngleSharp.Html.Parser;

namespace Idiolect.Data;

/// <summary>The text of a web page as a person reads it: paragraphs on lines of their own, without scripts, styles and marks.</summary>
internal static class HtmlText
{
    private static readonly HashSet<string> Silent = new(StringComparer.OrdinalIgnoreCase)
    {
        "head", "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "select", "textarea", "canvas", "audio", "video",
    };

    private static readonly HashSet<string> Blocks = new(StringComparer.OrdinalIgnoreCase)
    {
        "address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog", "div", "dl", "dt", "fieldset", "figcaption", "figure",
        "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "li", "main", "nav", "ol", "p", "pre", "section", "summary",
        "table", "tbody", "thead", "tfoot", "tr", "ul", "caption",
    };

    private static readonly HashSet<string> Paragraphs = new(StringComparer.OrdinalIgnoreCase)
    {
        "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "table", "pre", "blockquote", "hr", "figure",
    };

    // Browsers keep 512. The parser looks through all open tags at every new one.
    private const int MostDepth = 4096;

    /// <summary>The text of a page.</summary>
    /// <param name="html">The page.</param>
    /// <param name="name">Where it comes from.</param>
    /// <exception cref="InvalidDataException">Tags are nested more than 4,096 deep.</exception>
    internal static string Of(string html, string name)
    {
        IElement? last = null;
        var options = new HtmlParserOptions { MaximumDepth = MostDepth, OnCreated = (element, _) => RequireShallow(ref last, element, name) };
        using var page = new HtmlParser(options).ParseDocument(html);
        var text = new Writer();
        // Without recursion, since pages may be deep; by number, since the parser looks for a next sibling from the first one on.
        var open = new Stack<(INode Node, int Child)>([(page, 0)]);
        while (open.TryPop(out var at))
        {
            if (at.Child == at.Node.ChildNodes.Length)
            {
                End(at.Node, text);
                continue;
            }
            open.Push((at.Node, at.Child + 1));
            var child = at.Node.ChildNodes[at.Child];
            if (child is not IElement { LocalName: var tag } || !Silent.Contains(tag))
            {
                Begin(child, text);
                open.Push((child, 0));
            }
        }
        return text.ToString();
    }

    /// <summary>Looks at the element before, which stands in its place by now.</summary>
    private static void RequireShallow(ref IElement? last, IElement created, string name)
    {
        var depth = 0;
        for (var at = last; at is not null; at = at.ParentElement)
        {
            if (++depth >= MostDepth)
            {
                throw new InvalidDataException($"{name} nests its tags more than {MostDepth} deep, as no page for people does.");
            }
        }
        last = created;
    }

    private static void Begin(INode node, Writer text)
    {
        switch (node)
        {
            case IText { Data: var data }:
                text.Write(data, IsVerbatim(node));
                break;
            case IElement { LocalName: "br" }:
                text.Break(1);
                break;
            case IElement { LocalName: var name } when Blocks.Contains(name):
                text.Separate(Paragraphs.Contains(name) ? 2 : 1);
                break;
        }
    }

    private static void End(INode node, Writer text)
    {
        if (node is IElement { LocalName: var name })
        {
            if (Blocks.Contains(name))
            {
                text.Separate(Paragraphs.Contains(name) ? 2 : 1);
            }
            else if (name is "td" or "th")
            {
                text.Space();
            }
        }
    }

    private static bool IsVerbatim(INode node)
    {
        for (var at = node.Parent; at is not null; at = at.Parent)
        {
            if (at is IElement { LocalName: "pre" })
            {
                return true;
            }
            if (at is IElement { LocalName: var name } && Blocks.Contains(name))
            {
                return false;
            }
        }
        return false;
    }

    /// <summary>Joins white space, and lines.</summary>
    private sealed class Writer
    {
        private readonly StringBuilder _text = new();
        private int _breaks;
        private bool _space;

        internal void Space() => _space = true;

        /// <summary>At least so many line breaks before what comes, and two at most.</summary>
        internal void Separate(int breaks) => _breaks = Math.Clamp(_breaks, breaks, Math.Max(breaks, 2));

        /// <summary>A line break of the author's.</summary>
        internal void Break(int breaks) => _breaks = Math.Min(2, _breaks + breaks);

        internal void Write(string data, bool verbatim)
        {
            if (verbatim)
            {
                if (data.Length > 0)
                {
                    // Line breaks at the end wait: at the end of the block they are its own.
                    var text = data.AsSpan().TrimEnd('\n');
                    if (text.Length > 0)
                    {
                        WritePending();
                        _text.Append(text);
                    }
                    _breaks += data.Length - text.Length;
                }
                return;
            }
            foreach (var character in data)
            {
                if (character is ' ' or '\t' or '\n' or '\r' or '\f')
                {
                    _space = true;
                }
                else
                {
                    WritePending();
                    _text.Append(character);
                }
            }
        }

        public override string ToString() => _text.Length > 0 ? _text.Append('\n').ToString() : "";

        private void WritePending()
        {
            if (_text.Length > 0)
            {
                if (_breaks > 0)
                {
                    _text.Append('\n', _breaks);
                }
                else if (_space)
                {
                    _text.Append(' ');
                }
            }
            (_breaks, _space) = (0, false);
        }
    }
}
