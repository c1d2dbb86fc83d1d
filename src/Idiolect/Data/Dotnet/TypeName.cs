using System.Text;

namespace Idiolect.Data;

/// <summary>Writes the type references of documentation IDs (<c>System.Collections.Generic.List{``0}@</c>) as C# would (<c>ref List&lt;T&gt;</c>).</summary>
internal static class TypeName
{
    /// <summary>Namespaces are left out; <paramref name="types"/> and <paramref name="methods"/> name <c>`n</c> and <c>``n</c>.</summary>
    internal static string Write(string reference, IReadOnlyList<string> types, IReadOnlyList<string> methods)
    {
        var line = new StringBuilder(reference.EndsWith('@') ? "ref " : "");
        var i = 0;
        while (i < reference.Length)
        {
            var c = reference[i];
            if (c == '`')
            {
                var names = i + 1 < reference.Length && reference[i + 1] == '`' ? methods : types;
                i += ReferenceEquals(names, methods) ? 2 : 1;
                var start = i;
                while (i < reference.Length && char.IsAsciiDigit(reference[i]))
                {
                    i++;
                }
                var index = int.TryParse(reference.AsSpan(start, i - start), out var parsed) ? parsed : 0;
                line.Append(index < names.Count ? names[index] : "T");
            }
            else if (IsIdentifier(c))
            {
                var start = i;
                while (i < reference.Length && IsIdentifier(reference[i]))
                {
                    i++;
                }
                line.Append(ShortName(reference.AsSpan(start, i - start)));
            }
            else
            {
                line.Append(c switch { '{' => "<", '}' => ">", ',' => ", ", '@' => "", _ => c.ToString() });
                i++;
            }
        }
        return line.Replace("[0:, 0:]", "[,]").Replace("[0:, 0:, 0:]", "[,,]").ToString();
    }

    private static bool IsIdentifier(char c) => char.IsLetterOrDigit(c) || c is '_' or '.';

    private static ReadOnlySpan<char> ShortName(ReadOnlySpan<char> fullName) => fullName switch
    {
        "System.Boolean" => "bool",
        "System.Byte" => "byte",
        "System.SByte" => "sbyte",
        "System.Char" => "char",
        "System.Decimal" => "decimal",
        "System.Double" => "double",
        "System.Single" => "float",
        "System.Int16" => "short",
        "System.Int32" => "int",
        "System.Int64" => "long",
        "System.UInt16" => "ushort",
        "System.UInt32" => "uint",
        "System.UInt64" => "ulong",
        "System.Object" => "object",
        "System.String" => "string",
        "System.Void" => "void",
        ['.', ..] => fullName,
        _ => fullName[(fullName.LastIndexOf('.') + 1)..],
    };
}
