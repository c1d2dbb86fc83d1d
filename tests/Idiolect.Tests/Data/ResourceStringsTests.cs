using System.Resources;
using Idiolect.Data;

namespace Idiolect.Tests.Data;

public sealed class ResourceStringsTests
{
    private static readonly byte[] File = Write();

    [Fact]
    public void Strings_are_those_that_were_written_and_other_objects_are_passed_over()
    {
        var strings = ResourceStrings.Read(File);
        Assert.Equal(
            [("empty", ""), ("greeting", "Grüße, {0}!"), ("long", new string('x', 300)), ("two\nlines", "a\nb")],
            strings.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry => (entry.Key, entry.Value)));
    }

    [Fact]
    public void A_cut_file_gives_nothing_or_what_it_holds_but_no_exception()
    {
        for (var length = 0; length < File.Length; length++)
        {
            Assert.InRange(ResourceStrings.Read(File.AsSpan(0, length)).Count, 0, 4);
        }
    }

    [Fact]
    public void A_changed_byte_gives_no_exception_and_no_large_memory()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var value in new byte[] { 0x00, 0x7F, 0x80, 0xFF })
        {
            for (var at = 0; at < File.Length; at++)
            {
                var damaged = File.ToArray();
                damaged[at] = value;
                Assert.InRange(ResourceStrings.Read(damaged).Count, 0, 5);
            }
        }
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64L * File.Length * File.Length);
    }

    [Fact]
    public void A_file_that_is_no_assembly_has_no_resources()
    {
        using var folder = new TemporaryFolder();
        Assert.Empty(EmbeddedResources.Read(folder.Write("text.dll", "no assembly")));
        Assert.Empty(EmbeddedResources.Read(folder.Write("empty.dll", "")));
        var assembly = System.IO.File.ReadAllBytes(typeof(ResourceStringsTests).Assembly.Location);
        Assert.Empty(EmbeddedResources.Read(folder.Write("cut.dll", assembly[..1000])));
    }

    private static byte[] Write()
    {
        using var stream = new MemoryStream();
        using (var writer = new ResourceWriter(stream))
        {
            writer.AddResource("greeting", "Grüße, {0}!");
            writer.AddResource("two\nlines", "a\nb");
            writer.AddResource("number", 42);
            writer.AddResource("empty", "");
            writer.AddResource("bytes", new byte[] { 1, 2, 3 });
            writer.AddResource("long", new string('x', 300));
            writer.Generate();
            return stream.ToArray();
        }
    }
}
