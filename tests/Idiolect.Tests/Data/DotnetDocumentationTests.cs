using Idiolect.Data;

namespace Idiolect.Tests.Data;

public sealed class DotnetDocumentationTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_method_reads_as_documentation()
        => Assert.Equal(
            """
            method System.Array.IndexOf<T>(T[] array, ref int value, List<string> list)
            Searches for value in T, as String.Concat does; null if it is 3 & more.
            T: The type.
            array: The array.
            Returns: The index.
            Throws ArgumentNullException: array is null. -or- it is a Dictionary<T1, T2>.
            Remarks: One.
            Two.
            - a: first
            - second

            """.ReplaceLineEndings("\n"),
            Render("""
                <member name="M:System.Array.IndexOf``1(``0[],System.Int32@,System.Collections.Generic.List{System.String})">
                  <remarks>One.<para>Two.</para><list type="bullet"><item><term>a</term><description>first</description></item>
                  <item><description>second</description></item></list></remarks>
                  <summary>
                    Searches for <paramref name="value" /> in <typeparamref name="T"/>, as
                    <see cref="M:System.String.Concat(System.String,System.String)" /> does; <see langword="null" /> if it is <c>3 &amp; more</c>.
                  </summary>
                  <param name="array">The array.</param>
                  <param name="value"></param>
                  <param name="list" />
                  <typeparam name="T">The type.</typeparam>
                  <exception cref="T:System.ArgumentNullException">
                    <paramref name="array" /> is <see langword="null" />.

                    -or-

                    it is a <see cref="T:System.Collections.Generic.Dictionary`2" />.</exception>
                  <returns>The index.</returns>
                  <example>left out</example>
                </member>
                """));

    [Theory]
    [InlineData("T:System.Action", "type System.Action")]
    [InlineData("M:System.String.#ctor(System.Char,System.Int32)", "constructor System.String(char, int)")]
    [InlineData("M:System.Decimal.op_Implicit(System.Byte)~System.Decimal", "operator System.Decimal.Implicit(byte): decimal")]
    [InlineData("P:System.Int32.System#Numerics#INumberBase{System#Int32}#Radix", "property System.Int32.Radix")]
    [InlineData("P:System.Tuple`2.Item1", "property System.Tuple<T1, T2>.Item1")]
    [InlineData("M:A.B`1.C`1.D(`0,`1)", "method A.B<T>.C<T>.D(T, T)")]
    [InlineData("M:A.B.C(System.Int32[0:,0:],System.Void*)", "method A.B.C(int[,], void*)")]
    [InlineData("F:A.B.C", "field A.B.C")]
    [InlineData("E:A.B.C", "event A.B.C")]
    public void An_id_reads_as_a_signature(string id, string signature)
        => Assert.Equal($"{signature}\nText.\n", Render($"""<member name="{id}"><summary>Text.</summary></member>"""));

    [Fact]
    public void Documented_type_parameters_name_those_of_members()
    {
        Write("a", "1.0", """
            <member name="T:A.Map`2"><summary>A map.</summary><typeparam name="TKey"/><typeparam name="TValue"/></member>
            <member name="M:A.Map`2.Add(`0,`1)"><summary>Adds.</summary></member>
            """);

        Assert.Contains(Load(0).Training, document => document.Text == "method A.Map<TKey, TValue>.Add(TKey, TValue)\nAdds.\n");
    }

    [Fact]
    public void Members_without_documentation_are_left_out()
    {
        Write("a", "1.0", """
            <member name="T:A.B"><summary>Kept.</summary></member><member name="M:A.B.C"/>
            <member name="M:A.B.D"><inheritdoc/></member><member name="N:A"><summary>A namespace.</summary></member>
            """);

        Assert.Equal("T:A.B", Assert.Single(Load(0).Training).Name);
    }

    [Fact]
    public void The_newest_version_of_a_member_is_kept()
    {
        Write("p", "10.0.9", """<member name="T:A.B"><summary>Old.</summary></member>""");
        Write("p", "10.0.12", """<member name="T:A.B"><summary>New.</summary></member>""");

        Assert.Equal("type A.B\nNew.\n", Assert.Single(Load(0).Training).Text);
    }

    [Fact]
    public void An_element_is_kept_only_where_it_comes_first()
    {
        Write("a", "1.0", """
            <member name="M:A.B.D"><summary>Same.</summary><param name="x">Different.</param></member>
            <member name="M:A.B.C"><summary>Same.</summary></member>
            <member name="M:A.B.E"><summary>Same.</summary></member>
            """);

        Assert.Equal(
            ["method A.B.C()\nSame.\n", "method A.B.D()\nx: Different.\n"], Load(0).Training.Select(document => document.Text));
    }

    [Fact]
    public void All_members_of_a_type_its_generic_forms_and_its_nested_types_are_on_one_side()
    {
        Write("a", "1.0", string.Concat(Enumerable.Range(0, 200).Select(i => $"""
            <member name="T:N.T{i}"><summary>{i} a</summary></member>
            <member name="T:N.T{i}`1"><summary>{i} b</summary></member>
            <member name="M:N.T{i}`1.Nested`2.M(`0)"><summary>{i} c</summary></member>
            <member name="F:N.T{i}.Nested.F"><summary>{i} d</summary></member>
            """)));

        var corpus = Load(0.3);

        Assert.InRange(corpus.Validation.Count, 4 * 35, 4 * 85);
        Assert.Empty(corpus.Training.Select(TypeNumber).Intersect(corpus.Validation.Select(TypeNumber)));

        static string TypeNumber(Document document) => document.Text.Split('\n')[1].Split(' ')[0];
    }

    [Fact]
    public void Damaged_xml_and_document_types_are_refused_by_name()
    {
        var file = Write("a", "1.0", "<member name='T:A.B'>");
        Assert.Contains(file, Assert.Throws<InvalidDataException>(() => Load(0)).Message, StringComparison.Ordinal);

        File.WriteAllText(file, "<!DOCTYPE doc [<!ENTITY a 'aaaa'>]><doc>&a;</doc>");
        Assert.Contains("DTD", Assert.Throws<InvalidDataException>(() => Load(0)).Message, StringComparison.Ordinal);
    }

    [Fact, Trait("Lane", "Full")]
    public void The_sdk_of_this_machine_has_a_corpus_of_unseen_validation_text()
    {
        var corpus = Corpus.Load(Corpus.DotnetDocs, cancellationToken: TestContext.Current.CancellationToken);

        Assert.InRange(corpus.TrainingBytes + corpus.ValidationBytes, 8_000_000, 40_000_000);
        Assert.InRange((double)corpus.ValidationBytes / corpus.TrainingBytes, 0.07, 0.16);
        var seen = corpus.Training.SelectMany(Lines).ToHashSet();
        Assert.InRange(corpus.Validation.SelectMany(Lines).Average(line => seen.Contains(line) ? 1.0 : 0.0), 0, 0.02);

        // The first line is the signature.
        static IEnumerable<string> Lines(Document document) => document.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries).Skip(1);
    }

    private string Render(string member)
    {
        Write("a", "1.0", member);
        return Assert.Single(Load(0).Training).Text;
    }

    private string Write(string pack, string version, string members)
        => _folder.Write($"packs/{pack}/{version}/ref/net10.0/{pack}.xml", $"<doc><members>{members}</members></doc>");

    private Corpus Load(double fraction)
        => Corpus.Load(Corpus.DotnetDocs, new CorpusOptions { DotnetRoot = _folder.Path, ValidationFraction = fraction });
}
