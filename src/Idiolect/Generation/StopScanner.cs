using System.Text;

namespace Idiolect.Generation;

/// <summary>Lets text through until a stop string appears; holds back what might be the beginning of one.</summary>
internal sealed class StopScanner(IReadOnlyList<string> stopStrings)
{
    private readonly StringBuilder _held = new();

    /// <summary>Whether a stop string has appeared: nothing more will come out.</summary>
    internal bool Stopped { get; private set; }

    /// <summary>Takes new text and returns what is certain to come before any stop string.</summary>
    internal string Push(string text)
    {
        if (Stopped)
        {
            return "";
        }
        if (stopStrings.Count == 0)
        {
            return text;
        }
        var all = _held.Append(text).ToString();
        // The one that is complete first, whatever pieces the text came in; the longest of those that end together.
        var (first, end) = (-1, int.MaxValue);
        foreach (var stop in stopStrings)
        {
            var at = all.IndexOf(stop, StringComparison.Ordinal);
            if (at >= 0 && (at + stop.Length < end || (at + stop.Length == end && at < first)))
            {
                (first, end) = (at, at + stop.Length);
            }
        }
        _held.Clear();
        if (first >= 0)
        {
            Stopped = true;
            return all[..first];
        }
        var keep = LongestSuffixThatBeginsAStop(all);
        _held.Append(all, all.Length - keep, keep);
        return all[..^keep];
    }

    /// <summary>What was held back, once no more text comes.</summary>
    internal string Flush()
    {
        var rest = _held.ToString();
        _held.Clear();
        return rest;
    }

    private int LongestSuffixThatBeginsAStop(string text)
    {
        var longest = 0;
        foreach (var stop in stopStrings)
        {
            for (var length = Math.Min(stop.Length - 1, text.Length); length > longest; length--)
            {
                if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                {
                    longest = length;
                    break;
                }
            }
        }
        return longest;
    }
}
