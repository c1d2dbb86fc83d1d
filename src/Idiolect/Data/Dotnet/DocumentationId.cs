using System.Text;

namespace Idiolect.Data;

/// <summary>
/// The ID string of a documented element, such as <c>M:System.Array.IndexOf``1(``0[],``0)</c> (C# specification, annex D.4),
/// and how it is written for people.
/// </summary>
internal sealed class DocumentationId
{
    private readonly string _path;
    private readonly string _name;
    private readonly string[] _parameterTypes;
    private readonly string? _conversionResult;

    private DocumentationId(string text)
    {
        Text = text;
        Kind = text[0];
        var body = text[2..];
        if (body.IndexOf('~', StringComparison.Ordinal) is var tilde and > 0)
        {
            _conversionResult = body[(tilde + 1)..];
            body = body[..tilde];
        }
        var open = body.IndexOf('(', StringComparison.Ordinal);
        var close = body.LastIndexOf(')');
        _parameterTypes = open > 0 && close > open ? SplitTopLevel(body[(open + 1)..close]) : [];
        HasParameters = Kind == 'M' || _parameterTypes.Length > 0;
        var full = open > 0 ? body[..open] : body;
        var dot = Kind == 'T' ? -1 : full.LastIndexOf('.');
        _path = Kind == 'T' ? full : full[..Math.Max(dot, 0)];
        _name = Kind == 'T' ? "" : full[(dot + 1)..];
        DeclaringType = WithoutArity(_path);
    }

    /// <summary>The ID itself.</summary>
    internal string Text { get; }

    /// <summary>T (type), M (method), P (property), F (field) or E (event).</summary>
    internal char Kind { get; }

    /// <summary>The full name of the type itself or of the member's type, without generic arity: <c>System.Tuple</c> for all tuples.</summary>
    internal string DeclaringType { get; }

    internal int ParameterCount => _parameterTypes.Length;

    private bool HasParameters { get; }

    /// <summary>The full path with generic arity, which <see cref="TypeParameterNames"/> is keyed by.</summary>
    internal string TypePath => _path;

    /// <summary>Null when the text is no ID of a type or member.</summary>
    internal static DocumentationId? TryParse(string? text)
        => text is [('T' or 'M' or 'P' or 'F' or 'E'), ':', _, ..] ? new DocumentationId(text) : null;

    /// <summary>The outermost of the known types that this element lies in.</summary>
    internal string OutermostType(HashSet<string> types)
    {
        for (var dot = DeclaringType.IndexOf('.', StringComparison.Ordinal); dot > 0; dot = DeclaringType.IndexOf('.', dot + 1))
        {
            if (types.Contains(DeclaringType[..dot]))
            {
                return DeclaringType[..dot];
            }
        }
        return DeclaringType;
    }

    /// <summary>One line such as <c>method System.Array.IndexOf&lt;T&gt;(T[] array, T value)</c>.</summary>
    /// <param name="parameterNames">The names of the parameters; left out of the line when their number does not fit.</param>
    /// <param name="generics">The names of type parameters.</param>
    /// <param name="methodTypeParameters">The names of the method's own type parameters.</param>
    internal string Signature(List<string> parameterNames, TypeParameterNames generics, List<string> methodTypeParameters)
    {
        var line = new StringBuilder(KindName()).Append(' ').Append(generics.Write(_path));
        if (Kind != 'T' && !IsConstructor)
        {
            line.Append('.').Append(MemberName(methodTypeParameters));
        }
        if (HasParameters)
        {
            var types = generics.Of(_path);
            var named = parameterNames.Count == _parameterTypes.Length;
            line.Append('(').AppendJoin(", ", _parameterTypes.Select((type, i) =>
                TypeName.Write(type, types, methodTypeParameters) + (named ? " " + parameterNames[i] : ""))).Append(')');
        }
        if (_conversionResult is not null)
        {
            line.Append(": ").Append(TypeName.Write(_conversionResult, generics.Of(_path), methodTypeParameters));
        }
        return line.ToString();
    }

    /// <summary>How running text mentions the element: <c>List&lt;T&gt;</c>, <c>String.Concat</c>.</summary>
    internal string Mention(TypeParameterNames generics)
    {
        var full = generics.Write(_path);
        var type = full[(full.LastIndexOf('.') + 1)..];
        return Kind == 'T' || IsConstructor ? type : $"{type}.{MemberName([])}";
    }

    /// <summary>Cuts <c>`1</c> and <c>``2</c> from names.</summary>
    private static string WithoutArity(string name)
    {
        if (!name.Contains('`', StringComparison.Ordinal))
        {
            return name;
        }
        var result = new StringBuilder(name.Length);
        var arity = false;
        foreach (var c in name)
        {
            arity = c == '`' || (arity && char.IsAsciiDigit(c));
            if (!arity)
            {
                result.Append(c);
            }
        }
        return result.ToString();
    }

    private static string[] SplitTopLevel(string list)
    {
        var parts = new List<string>();
        var depth = 0;
        var start = 0;
        for (var i = 0; i < list.Length; i++)
        {
            depth += list[i] is '{' or '[' or '(' ? 1 : list[i] is '}' or ']' or ')' ? -1 : 0;
            if (list[i] == ',' && depth == 0)
            {
                parts.Add(list[start..i]);
                start = i + 1;
            }
        }
        parts.Add(list[start..]);
        return [.. parts];
    }

    private bool IsConstructor => _name is "#ctor" or "#cctor";

    private string KindName() => Kind switch
    {
        'T' => "type",
        'P' => "property",
        'F' => "field",
        'E' => "event",
        _ when IsConstructor => "constructor",
        _ when _name.StartsWith("op_", StringComparison.Ordinal) => "operator",
        _ => "method",
    };

    /// <summary>Explicit implementations write the interface with # for dots and {@} for type arguments: only its last name is kept.</summary>
    private string MemberName(List<string> methodTypeParameters)
    {
        var name = WithoutArity(_name);
        name = name[(name.LastIndexOf('#') + 1)..];
        name = name.StartsWith("op_", StringComparison.Ordinal) ? name[3..] : name;
        return methodTypeParameters.Count > 0 ? $"{name}<{string.Join(", ", methodTypeParameters)}>" : name;
    }
}
