using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CsCheck;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

/// <summary>Against what another implementation says: tests/golden/make-normal-form-goldens.mjs wrote it down.</summary>
public sealed class UnicodeFormTests
{
    private static readonly JsonElement Goldens = JsonDocument.Parse(
        File.ReadAllBytes(Path.Combine(RepositoryFolder.Path, "tests", "golden", "tokenizers", "normal-forms.json"))).RootElement;

    public static TheoryData<string, int> Forms => new() { { "NFC", 1 }, { "NFD", 2 }, { "NFKC", 3 }, { "NFKD", 4 } };

    [Theory]
    [MemberData(nameof(Forms))]
    public void Texts_have_the_forms_of_the_reference(string name, int column)
    {
        var form = Make(name);
        Assert.All(Goldens.GetProperty("cases").EnumerateArray(), item => Assert.Equal(Points(item[column].GetString()!), Points(form.Apply(item[0].GetString()!))));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void Every_character_of_the_basic_plane_has_the_form_of_the_reference(string name, int column)
    {
        Assert.InRange(column, 1, 4);
        var form = Make(name);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var character in Enumerable.Range(0, 0x10000).Where(value => value is not (>= 0xd800 and <= 0xdfff or 0xa7f1)))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(form.Apply(((char)character).ToString()) + "\n"));
        }
        Assert.Equal(Goldens.GetProperty("digests").GetProperty(name).GetString(), Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void A_form_of_a_form_is_itself(string name, int column)
    {
        Assert.InRange(column, 1, 4);
        var form = Make(name);
        NastyText.Gen.Sample(text => Assert.Equal(form.Apply(text), form.Apply(form.Apply(text))), iter: 1_000);
    }

    [Fact]
    public void Forms_agree_with_each_other()
        => NastyText.Gen.Sample(text =>
        {
            var (nfc, nfd, nfkc, nfkd) = (Make("NFC").Apply(text), Make("NFD").Apply(text), Make("NFKC").Apply(text), Make("NFKD").Apply(text));
            Assert.Equal(nfc, Make("NFC").Apply(nfd));
            Assert.Equal(nfd, Make("NFD").Apply(nfc));
            Assert.Equal(nfkc, Make("NFKC").Apply(nfkd));
            Assert.Equal(nfkd, Make("NFKD").Apply(nfc));
        }, iter: 1_000);

    [Fact]
    public void Many_marks_on_one_letter_take_time_in_proportion()
    {
        var marks = string.Concat(Enumerable.Repeat("\u0301\u0323", 200_000));
        var expected = "\u1ea1" + new string('\u0323', 199_999) + new string('\u0301', 200_000);
        Assert.Equal(expected, Make("NFC").Apply("a" + marks));
    }

    [Fact]
    public void Half_a_surrogate_pair_becomes_the_replacement_character() => Assert.Equal("\ufffd\u00e9", Make("NFC").Apply("\ud800e\u0301"));

    private static UnicodeForm Make(string name) => new(composes: name[^1] == 'C', compatible: name[2] == 'K');

    private static string Points(string text) => string.Join(' ', text.EnumerateRunes().Select(rune => $"{rune.Value:x4}"));
}
