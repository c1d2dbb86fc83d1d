using System.Reflection.Metadata.Ecma335;

namespace Idiolect.Tests.Architecture;

/// <summary>That the rules of the architecture fail where they should, on graphs of a few files.</summary>
public sealed class DependencyRulesTests
{
    private const string Document = """
        # A house

        ## Which way things depend

        ```
        Tool -> Models, Data -> Tensors
        Data -> Formats
        ```

        ```
        Tensors -> Tool
        ```
        """;

    [Fact]
    public void What_is_drawn_may_be_used_and_what_that_uses()
    {
        var order = DependencyOrder.Parse(Document);

        Assert.Equal(["Data", "Formats", "Models", "Tensors"], order.Below("Tool").Order());
        Assert.Equal(["Tensors"], order.Below("Models"));
        Assert.Empty(DependencyRules.Upward(Graph("Tool/A > Models/B", "Models/B > Tensors/C", "Tool/A > Formats/D"), order));
    }

    [Fact]
    public void A_use_upward_or_across_is_told_with_its_reason()
    {
        var complaints = DependencyRules.Upward(Graph("Tensors/C > Models/B", "Models/B > Data/E"), DependencyOrder.Parse(Document));

        Assert.Equal(
            [
                "upward: Tensors/C uses Models/B (member names Type); Tensors may use nothing",
                "upward: Models/B uses Data/E (member names Type); Models may use Tensors",
            ],
            complaints);
    }

    [Fact]
    public void A_folder_must_have_its_place() => Assert.Equal(
        ["Attic has no place in docs/architecture.md: say there what it may use"],
        DependencyRules.Upward(Graph("Tool/A > Models/B", "Attic/F > Models/B"), DependencyOrder.Parse(Document)));

    [Fact]
    public void An_order_in_a_circle_is_none() => Assert.Equal(
        ["A stands above itself in docs/architecture.md", "B stands above itself in docs/architecture.md"],
        DependencyRules.Upward(Graph(), DependencyOrder.Parse("## Which way things depend\n```\nA -> B\nB -> A\n```")));

    [Theory]
    [InlineData("circle of folders: Models -> Tensors -> Models", "Models/A > Tensors/B", "Tensors/C > Models/D")]
    [InlineData("circle of folders: Data/Text -> Data/Tokens -> Data/Text", "Data/Text/A > Data/Tokens/B", "Data/Tokens/C > Data/Text/D")]
    [InlineData("circle of folders: A -> B -> C -> A", "A/1 > B/2", "B/3 > C/4", "C/5 > A/6")]
    [InlineData("circle of folders: Data/Text -> Data/Tokens -> Data/Text", "Data/Text/Deep/A > Data/Tokens/B", "Data/Tokens/C > Data/Text/D")]
    public void Folders_in_a_circle_are_told(string expected, params string[] uses)
        => Assert.Equal(expected, Assert.Single(DependencyRules.CirclesOfFolders(Graph(uses))).Split('\n')[0]);

    [Fact]
    public void A_folder_and_its_own_rooms_may_use_each_other()
        => Assert.Empty(DependencyRules.CirclesOfFolders(Graph("Models/A > Models/Gpt/B", "Models/Gpt/C > Models/D")));

    [Fact]
    public void Files_in_a_circle_are_told_with_the_shortest_way_round_and_the_rest_of_the_knot() => Assert.Equal(
        [
            """
            circle of files: A/1 -> A/2 -> A/1
                A/1 uses A/2 (member names Type)
                A/2 uses A/1 (member names Type)
                in the same knot: A/3
            """,
        ],
        DependencyRules.CirclesOfFiles(Graph("A/1 > A/2", "A/2 > A/1", "A/2 > A/3", "A/3 > A/1", "A/3 > A/4"), []));

    [Fact]
    public void Files_that_are_one_idea_count_as_one()
    {
        var graph = Graph("A/1 > A/2", "A/2 > A/1", "A/3 > A/2", "A/1 > A/4");

        Assert.Empty(DependencyRules.CirclesOfFiles(graph, [new("one", "A/1", "A/2")]));
        Assert.Single(DependencyRules.CirclesOfFiles(Graph("A/1 > A/2", "A/2 > A/1", "A/3 > A/2", "A/1 > A/3"), [new("one", "A/1", "A/2")]));
        Assert.Equal(
            "A/1, A/4 no longer form a circle: take them from the list of ideas", DependencyRules.CirclesOfFiles(graph, [new("one", "A/1", "A/4")])[0]);
        Assert.Equal(
            "the list of ideas names A/9, which is not there", DependencyRules.CirclesOfFiles(graph, [new("one", "A/1", "A/2", "A/9")])[0]);
    }

    [Fact]
    public void A_pointer_away_from_home_is_told() => Assert.Equal(
        ["pointer: Shard.Open in Data/B"],
        DependencyRules.Pointers(Graph() with { Pointers = [new("Kernels/A", "Sum"), new("Data/B", "Shard.Open")] }, ["Kernels"]));

    [Fact]
    public void Tokens_are_found_between_instructions_of_any_length()
    {
        byte[] code = [0x45, 1, 0, 0, 0, 0x28, 0, 0, 6, 0x28, 7, 0, 0, 6, 0xFE, 0x06, 8, 0, 0, 6, 0x2A]; // a switch (its target looks like a call), call, ldftn, ret

        Assert.Equal([7, 8], Instructions.Tokens(code).Select(token => MetadataTokens.GetRowNumber(token)));
    }

    private static CodeGraph Graph(params string[] uses)
    {
        var edges = uses.Select(use => use.Split(" > ")).Select(use => new FileUse(use[0], use[1], "member", "Type")).ToArray();
        return new CodeGraph([.. edges.SelectMany(edge => new[] { edge.From, edge.To }).Distinct()], edges, []);
    }
}
