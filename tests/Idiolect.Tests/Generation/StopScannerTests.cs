using CsCheck;
using Idiolect.Generation;

namespace Idiolect.Tests.Generation;

public sealed class StopScannerTests
{
    private static readonly Gen<string> Text = Gen.Char['a', 'c'].Array[0, 30].Select(characters => new string(characters));
    private static readonly Gen<string[]> Stops = Gen.Char['a', 'c'].Array[1, 4].Select(characters => new string(characters)).Array[0, 3];

    [Fact]
    public void Whatever_the_pieces_the_text_before_the_first_stop_comes_out()
        => Gen.Select(Text, Stops, Gen.Int[1, 6].Array[1, 5]).Sample((text, stops, pieces) =>
        {
            var scanner = new StopScanner(stops);
            var output = "";
            for (var (at, piece) = (0, 0); at < text.Length; piece++)
            {
                var count = Math.Min(pieces[piece % pieces.Length], text.Length - at);
                output += scanner.Push(text.Substring(at, count));
                at += count;
            }
            output += scanner.Flush();
            var (expected, stopped) = Naive(text, stops);
            Assert.Equal(expected, output);
            Assert.Equal(stopped, scanner.Stopped);
        }, iter: 5000);

    [Fact]
    public void Nothing_is_held_back_that_cannot_begin_a_stop_string()
    {
        var scanner = new StopScanner(["</s>"]);
        Assert.Equal("Hello ", scanner.Push("Hello <"));
    }

    [Fact]
    public void What_was_held_back_comes_out_when_it_turns_out_harmless()
    {
        var scanner = new StopScanner(["</s>"]);
        scanner.Push("a <");
        Assert.Equal("<b", scanner.Push("b"));
    }

    /// <summary>Character by character: the first stop string to be complete ends the text before it.</summary>
    private static (string Text, bool Stopped) Naive(string text, string[] stops)
    {
        for (var end = 1; end <= text.Length; end++)
        {
            var longest = stops.Where(stop => text[..end].EndsWith(stop, StringComparison.Ordinal)).Select(stop => stop.Length).DefaultIfEmpty().Max();
            if (longest > 0)
            {
                return (text[..(end - longest)], true);
            }
        }
        return (text, false);
    }
}
