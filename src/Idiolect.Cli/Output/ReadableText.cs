using System.Globalization;

namespace Idiolect.Cli.Output;

/// <summary>Texts and numbers as a person reads them.</summary>
internal static class ReadableText
{
    /// <summary>Text of a model, safe for a terminal: no escape sequences.</summary>
    internal static string Printable(string text) =>
        string.Create(text.Length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++)
            {
                span[i] = char.IsControl(source[i]) && source[i] is not ('\n' or '\t') ? '\uFFFD' : source[i];
            }
        });

    internal static string Whole(long value) => value.ToString("#,0", CultureInfo.InvariantCulture);
}
