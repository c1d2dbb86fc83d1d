using Idiolect.Recipes;

namespace Idiolect.Tests.Recipes;

/// <summary>Texts of the data, short enough for a command.</summary>
public sealed class ExampleTextTests
{
    [Theory]
    [InlineData("  one\n two\tthree ", "one two three")]
    [InlineData("", "")]
    [InlineData("a long sentence that goes on and on, over more than a single line of words", "a long sentence that goes on and on, over more than a single")]
    [InlineData("Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunte")]
    public void Whole_words_on_one_line(string text, string expected) => Assert.Equal(expected, ExampleText.Of(text));

    [Fact]
    public void No_character_is_cut_in_two() => Assert.Equal(new string('x', 59), ExampleText.Of(new string('x', 59) + "😀😀"));

    [Theory]
    [InlineData("the quick fox", "the quick [MASK]")]
    [InlineData("fox", "fox [MASK]")]
    public void The_last_word_becomes_a_gap(string text, string expected) => Assert.Equal(expected, ExampleText.WithGap(text, "[MASK]"));
}
