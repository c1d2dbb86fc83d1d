using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Idiolect.Data;

/// <summary>Reads the string resources that are embedded in an assembly, without loading it.</summary>
internal static class EmbeddedResources
{
    private const string Extension = ".resources";

    /// <summary>
    /// The strings of each embedded .resources file, by its name without extension; empty for a file that is no managed
    /// assembly, or a damaged one.
    /// </summary>
    internal static Dictionary<string, Dictionary<string, string>> Read(string file)
    {
        try
        {
            using var stream = File.OpenRead(file);
            using var assembly = new PEReader(stream);
            return Read(assembly);
        }
        catch (Exception exception) when (exception is BadImageFormatException or InvalidOperationException or ArgumentException or OverflowException)
        {
            return [];
        }
    }

    private static Dictionary<string, Dictionary<string, string>> Read(PEReader assembly)
    {
        var found = new Dictionary<string, Dictionary<string, string>>(StringComparer.Ordinal);
        if (!assembly.HasMetadata || assembly.PEHeaders.CorHeader is not { } header)
        {
            return found;
        }
        var metadata = assembly.GetMetadataReader();
        var section = assembly.GetSectionData(header.ResourcesDirectory.RelativeVirtualAddress);
        foreach (var handle in metadata.ManifestResources)
        {
            var resource = metadata.GetManifestResource(handle);
            var name = metadata.GetString(resource.Name);
            if (!resource.Implementation.IsNil || !name.EndsWith(Extension, StringComparison.Ordinal))
            {
                continue; // in another file, or of another kind
            }
            var reader = section.GetReader(checked((int)resource.Offset), checked(section.Length - (int)resource.Offset));
            var length = reader.ReadInt32();
            found[name[..^Extension.Length]] = ResourceStrings.Read(reader.ReadBytes(CheckLength(length, reader.RemainingBytes)));
        }
        return found;
    }

    private static int CheckLength(int length, int available) => length >= 0 && length <= available
        ? length
        : throw new BadImageFormatException($"A resource claims {length} bytes of {available}.");
}
