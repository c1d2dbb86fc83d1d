using System.Text;
using CsCheck;
using Idiolect.Tokenization;

namespace Idiolect.Tests.Tokenization;

public sealed class ByteTokenizerTests
{
    private static readonly ByteTokenizer Tokenizer = new();

    [Fact]
    public void Ids_are_the_bytes_of_UTF8()
        => NastyText.Gen.Sample(text =>
            Assert.Equal(Encoding.UTF8.GetBytes(text).Select(value => (int)value), Tokenizer.Encode(text)));

    [Fact]
    public void One_special_token_follows_the_bytes()
        => Assert.Equal((257, 256, 0), (Tokenizer.VocabularySize, Tokenizer.BeginningOfTextId!.Value, Tokenizer.GetByteCount(256)));
}
