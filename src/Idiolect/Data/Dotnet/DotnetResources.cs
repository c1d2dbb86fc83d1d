namespace Idiolect.Data;

/// <summary>
/// The parallel corpus that every .NET SDK brings: the messages of its tools in 14 languages. The satellite assembly
/// <c>{root}/sdk/*/**/{culture}/X.resources.dll</c> translates the neutral, English, resources of <c>X.dll</c> in the folder
/// above, key by key.
/// </summary>
internal static class DotnetResources
{
    /// <summary>The language of the neutral resources.</summary>
    internal const string Neutral = "en";

    /// <summary>The cultures that the SDK is translated into.</summary>
    internal static readonly string[] Cultures = ["cs", "de", "es", "fr", "it", "ja", "ko", "pl", "pt-BR", "ru", "tr", "zh-Hans", "zh-Hant"];

    private const string SatelliteExtension = ".resources.dll";

    /// <summary>Reads all pairs, assembly by assembly in ordinal order, as they stand there.</summary>
    /// <param name="from">The source language.</param>
    /// <param name="to">The target languages.</param>
    /// <param name="root">The folder that holds <c>sdk/</c>; null finds the running runtime's.</param>
    /// <exception cref="ArgumentException">The SDK has no such language.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no SDK with satellite assemblies.</exception>
    internal static IEnumerable<SentencePair> Read(string from, IReadOnlyList<string> to, string? root = null)
    {
        foreach (var language in to.Append(from))
        {
            if (language != Neutral && !Cultures.Contains(language))
            {
                throw new ArgumentException($"dotnet-resources has no language \"{language}\"; it has {Neutral}, {string.Join(", ", Cultures)}");
            }
        }
        if (to.Contains(from))
        {
            throw new ArgumentException($"the source language {from} is among the target languages");
        }
        var assemblies = Assemblies(Path.Join(root ?? DotnetRoot.Find("sdk"), "sdk"));
        return ParallelMap.Run(assemblies, assembly => Read(assembly, from, to)).SelectMany(pairs => pairs);
    }

    /// <summary>Main assemblies that have satellites, the newest SDK's first.</summary>
    private static string[] Assemblies(string folder)
    {
        string[] assemblies = !Directory.Exists(folder) ? [] :
        [
            .. DotnetRoot.Subfolders(folder).OrderByDescending(DotnetRoot.VersionOf).SelectMany(sdk => Directory
                .EnumerateFiles(sdk, "*" + SatelliteExtension, SearchOption.AllDirectories)
                .Where(file => Cultures.Contains(Path.GetFileName(Path.GetDirectoryName(file))))
                .Select(MainAssembly)
                .Where(File.Exists)
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal)),
        ];
        return assemblies.Length > 0
            ? assemblies
            : throw new DirectoryNotFoundException(
                $"There are no translated resources in {folder}: the .NET runtime alone does not bring them. Install the .NET SDK "
                + "(https://dot.net/download), set DOTNET_ROOT to its folder, or name a file of sentence pairs.");
    }

    private static string MainAssembly(string satellite)
    {
        var name = Path.GetFileName(satellite);
        return Path.Join(Path.GetDirectoryName(Path.GetDirectoryName(satellite)), name[..^SatelliteExtension.Length] + ".dll");
    }

    private static List<SentencePair> Read(string assembly, string from, IReadOnlyList<string> to)
    {
        var name = Path.GetFileNameWithoutExtension(assembly);
        var source = Texts(assembly, from);
        var pairs = new List<SentencePair>();
        foreach (var language in to)
        {
            var target = Texts(assembly, language);
            foreach (var (key, text) in source.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                if (target.TryGetValue(key, out var translation))
                {
                    pairs.Add(new SentencePair(text, translation, language, name));
                }
            }
        }
        return pairs;
    }

    /// <summary>The strings of an assembly in one language, by resource file and key.</summary>
    private static Dictionary<string, string> Texts(string assembly, string language)
    {
        var file = language == Neutral
            ? assembly
            : Path.Join(Path.GetDirectoryName(assembly), language, Path.GetFileNameWithoutExtension(assembly) + SatelliteExtension);
        var texts = new Dictionary<string, string>(StringComparer.Ordinal);
        if (File.Exists(file))
        {
            foreach (var (resource, strings) in EmbeddedResources.Read(file))
            {
                // A satellite's resource has the culture at the end of its name.
                var common = language != Neutral && resource.EndsWith("." + language, StringComparison.OrdinalIgnoreCase)
                    ? resource[..^(language.Length + 1)]
                    : resource;
                foreach (var (key, text) in strings)
                {
                    texts[$"{common}\n{key}"] = text;
                }
            }
        }
        return texts;
    }
}
