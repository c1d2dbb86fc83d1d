using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Idiolect.Formats;
using Idiolect.Tokenization;

namespace Idiolect.Data;

/// <summary>Writes documents, whose parts may come one by one: as JSON Lines, or as text with <c>&lt;|endoftext|&gt;</c> between them.</summary>
internal sealed class CleanTextWriter : IDisposable
{
    private const int LineEnd = 3; // "}\n
    private static readonly string[] Text = ["", ".txt", ".text", ".md", ".markdown"];
    private static readonly string[] Lines = [".jsonl", ".ndjson"];

    private readonly Stream _stream;
    private readonly StreamWriter? _text;
    private readonly Utf8JsonWriter? _json;
    private string? _open;
    private string _end = ""; // of the open document, where a separator may begin

    /// <param name="stream">Receives the bytes.</param>
    /// <param name="path">Its name, whose extension says how it is written.</param>
    internal CleanTextWriter(Stream stream, string path)
    {
        _stream = stream;
        if (IsJsonLines(path))
        {
            _json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        }
        else
        {
            _text = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), 1 << 16, leaveOpen: true);
        }
    }

    internal static bool IsJsonLines(string path) => Lines.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <exception cref="ArgumentException">The extension is not one that is written.</exception>
    internal static void Check(string path)
    {
        if (path == "-")
        {
            throw new ArgumentException("- is no file: give one, .jsonl or .txt.", nameof(path));
        }
        if (Path.GetFileName(path).Length == 0 || Directory.Exists(path))
        {
            throw new ArgumentException($"{path} is a folder: give a file, .jsonl or .txt.", nameof(path));
        }
        if (FileKind.DescribeIrreplaceable(path) is { } what)
        {
            throw new ArgumentException($"{path} is {what}, not a file: give one, .jsonl or .txt.", nameof(path));
        }
        if (!IsJsonLines(path) && !Text.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase))
        {
            throw new ArgumentException($"{path} is neither .jsonl nor .txt, in which text is written.", nameof(path));
        }
    }

    /// <summary>Writes a document, or goes on with the open one.</summary>
    /// <exception cref="InvalidDataException">The text cannot be told from a separator, or is too long for a line.</exception>
    internal void Write(Document document)
    {
        if (!document.IsContinuation)
        {
            Begin(document.Name);
        }
        if (_json is not null)
        {
            _json.WriteStringValueSegment(document.Text, isFinalSegment: false);
            if (_json.BytesCommitted + _json.BytesPending + LineEnd > JsonLines.LongestLine)
            {
                throw new InvalidDataException(
                    $"{_open} takes more than the {JsonLines.LongestLine >> 20} MiB that a line of JSON may have: write a .txt file instead.");
            }
            return;
        }
        var text = _end + document.Text;
        if (text.Contains(Tokenizer.EndOfText, StringComparison.Ordinal))
        {
            throw new InvalidDataException(
                $"{_open} holds {Tokenizer.EndOfText}, which stands between the documents of a text file: read it with that separator, or write a .jsonl file.");
        }
        _text!.Write(document.Text);
        _end = text[Math.Max(0, text.Length - Tokenizer.EndOfText.Length + 1)..];
    }

    /// <summary>Ends the last document.</summary>
    internal void Finish()
    {
        End();
        _text?.Flush();
    }

    public void Dispose()
    {
        _json?.Dispose();
        _text?.Dispose();
    }

    private void Begin(string name)
    {
        if (_open is not null)
        {
            End();
            _text?.Write($"{Tokenizer.EndOfText}\n");
        }
        (_open, _end) = (name, "");
        if (_json is not null)
        {
            _json.WriteStartObject();
            _json.WriteString("source", name);
            _json.WritePropertyName("text");
        }
    }

    private void End()
    {
        if (_open is null)
        {
            return;
        }
        if (_json is null)
        {
            _text!.Write('\n');
            return;
        }
        _json.WriteStringValueSegment("", isFinalSegment: true);
        _json.WriteEndObject();
        _json.Flush();
        _stream.WriteByte((byte)'\n');
        _json.Reset();
    }
}
