using System.Collections;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Resources;
using System.Runtime.InteropServices;

namespace Idiolect.Tests.Tokenization;

/// <summary>The messages of the .NET SDK in 13 languages, from its satellite assemblies; no code is loaded.</summary>
internal static class SdkTexts
{
    internal static IEnumerable<string> Messages()
    {
        var root = Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));
        return Directory.EnumerateFiles(Path.Combine(root, "sdk"), "*.resources.dll", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).SelectMany(Messages);
    }

    private static unsafe List<string> Messages(string assembly)
    {
        var messages = new List<string>();
        using var file = new PEReader(File.OpenRead(assembly));
        var metadata = file.GetMetadataReader();
        var resources = file.GetSectionData(file.PEHeaders.CorHeader!.ResourcesDirectory.RelativeVirtualAddress);
        foreach (var handle in metadata.ManifestResources)
        {
            var resource = metadata.GetManifestResource(handle);
            if (!metadata.GetString(resource.Name).EndsWith(".resources", StringComparison.Ordinal))
            {
                continue;
            }
            var start = resources.Pointer + (int)resource.Offset;
            using var reader = new ResourceReader(new UnmanagedMemoryStream(start + sizeof(int), *(int*)start));
            foreach (DictionaryEntry entry in reader)
            {
                reader.GetResourceData((string)entry.Key, out var type, out var data);
                if (type == "ResourceTypeCode.String")
                {
                    using var text = new BinaryReader(new MemoryStream(data));
                    messages.Add(text.ReadString());
                }
            }
        }
        return messages;
    }
}
