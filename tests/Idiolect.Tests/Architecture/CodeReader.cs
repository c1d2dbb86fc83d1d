using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace Idiolect.Tests.Architecture;

/// <summary>
/// Makes the graph of source files from built assemblies and their symbols: in signatures, fields, base types, constraints and the
/// instructions of methods. What the compiler leaves no trace of, as constants, is not seen.
/// </summary>
internal static class CodeReader
{
    /// <summary>The symbols' record of the files of a type, for those that methods do not tell.</summary>
    private static readonly Guid TypeDefinitionDocuments = new("932E74BC-DBA9-4478-8D46-0F32A7BAB3D3");

    /// <param name="assemblies">The paths of the assemblies; symbols lie beside them.</param>
    internal static CodeGraph Read(IReadOnlyCollection<string> assemblies)
    {
        var names = assemblies.Select(path => Path.GetFileNameWithoutExtension(path)).ToHashSet();
        var files = new Dictionary<string, SortedSet<string>>();
        var uses = new List<(string From, string To, string Member)>();
        var pointers = new List<(string Type, string Member)>();
        foreach (var path in assemblies)
        {
            using var image = new PEReader(File.OpenRead(path));
            using var symbols = MetadataReaderProvider.FromPortablePdbStream(File.OpenRead(Path.ChangeExtension(path, ".pdb")));
            var collector = new ReferenceCollector(image.GetMetadataReader(), names);
            ReadFiles(image.GetMetadataReader(), symbols.GetMetadataReader(), collector, files);
            ReadUses(image, collector, uses, pointers);
        }
        var nodes = Nodes(files);
        return new CodeGraph(
            [.. nodes.Values.Distinct().Order(StringComparer.Ordinal)],
            [.. from use in uses
                where nodes.ContainsKey(use.From) && nodes.ContainsKey(use.To)
                let found = new FileUse(nodes[use.From], nodes[use.To], use.Member, use.To[(use.To.IndexOf(':') + 1)..])
                where found.From != found.To
                group found by (found.From, found.To) into same
                select same.First()],
            [.. from use in pointers where nodes.ContainsKey(use.Type) select new PointerUse(nodes[use.Type], use.Member)])
        {
            Sources = [.. files.Values.SelectMany(group => group).Distinct().Order(StringComparer.Ordinal)],
        };
    }

    /// <summary>The source files of every outermost type.</summary>
    private static void ReadFiles(MetadataReader reader, MetadataReader symbols, ReferenceCollector collector, Dictionary<string, SortedSet<string>> files)
    {
        var assembly = reader.GetString(reader.GetAssemblyDefinition().Name);
        foreach (var handle in reader.MethodDefinitions)
        {
            var information = symbols.GetMethodDebugInformation(handle.ToDebugInformationHandle());
            Add(reader.GetMethodDefinition(handle).GetDeclaringType(), information.Document);
            foreach (var point in information.GetSequencePoints())
            {
                Add(reader.GetMethodDefinition(handle).GetDeclaringType(), point.Document);
            }
        }
        foreach (var handle in symbols.CustomDebugInformation)
        {
            var information = symbols.GetCustomDebugInformation(handle);
            if (symbols.GetGuid(information.Kind) == TypeDefinitionDocuments)
            {
                var blob = symbols.GetBlobReader(information.Value);
                while (blob.RemainingBytes > 0)
                {
                    Add((TypeDefinitionHandle)information.Parent, MetadataTokens.DocumentHandle(blob.ReadCompressedInteger()));
                }
            }
        }

        void Add(TypeDefinitionHandle type, DocumentHandle document)
        {
            if (document.IsNil)
            {
                return;
            }
            var path = symbols.GetString(symbols.GetDocument(document).Name).Replace('\\', '/');
            var root = $"/src/{assembly}/";
            var at = path.LastIndexOf(root, StringComparison.Ordinal);
            if (at < 0)
            {
                return; // generated: the type's own file stands for it
            }
            var name = collector.NameOf(type);
            if (!files.TryGetValue(name, out var known))
            {
                files.Add(name, known = new(StringComparer.Ordinal));
            }
            known.Add(assembly == "Idiolect" ? path[(at + root.Length)..] : path[(at + "/src/".Length)..]);
        }
    }

    private static void ReadUses(
        PEReader image, ReferenceCollector collector, List<(string From, string To, string Member)> uses, List<(string Type, string Member)> pointers)
    {
        var reader = image.GetMetadataReader();
        foreach (var handle in reader.TypeDefinitions)
        {
            var type = reader.GetTypeDefinition(handle);
            if (IsJsonContext(type))
            {
                continue; // generated: it lists what it writes, which uses it
            }
            Note("", collector.Add(type.BaseType) | type.GetInterfaceImplementations()
                .Aggregate(false, (pointer, each) => pointer | collector.Add(reader.GetInterfaceImplementation(each).Interface))
                | Constraints(type.GetGenericParameters()));
            foreach (var field in type.GetFields().Select(reader.GetFieldDefinition))
            {
                Note(reader.GetString(field.Name), field.DecodeSignature(collector, null));
            }
            foreach (var method in type.GetMethods().Select(reader.GetMethodDefinition))
            {
                var pointer = ReferenceCollector.Add(method.DecodeSignature(collector, null)) | Constraints(method.GetGenericParameters());
                if (method.RelativeVirtualAddress != 0)
                {
                    pointer |= ReadBody(image.GetMethodBody(method.RelativeVirtualAddress));
                }
                // What the marshaller of a call to the system does with pointers is not ours.
                Note(reader.GetString(method.Name), pointer && (method.Attributes & MethodAttributes.PinvokeImpl) == 0);
            }

            void Note(string member, bool pointer)
            {
                var from = collector.NameOf(handle);
                var name = reader.GetString(type.Name) + (member.Length > 0 ? "." + member : "");
                uses.AddRange(collector.Types.Select(to => (from, to, name)));
                collector.Types.Clear();
                if (pointer)
                {
                    pointers.Add((from, name));
                }
            }
        }

        // And what the compiler nests in it.
        bool IsJsonContext(TypeDefinition type) => !type.GetDeclaringType().IsNil && IsJsonContext(reader.GetTypeDefinition(type.GetDeclaringType()))
            || type.BaseType.Kind == HandleKind.TypeReference && !type.BaseType.IsNil
                && reader.GetString(reader.GetTypeReference((TypeReferenceHandle)type.BaseType).Name) == "JsonSerializerContext";

        bool Constraints(GenericParameterHandleCollection parameters)
        {
            foreach (var constraint in parameters.SelectMany(parameter => reader.GetGenericParameter(parameter).GetConstraints()))
            {
                collector.Add(reader.GetGenericParameterConstraint(constraint).Type);
            }
            return false;
        }

        bool ReadBody(MethodBodyBlock body)
        {
            var pointer = !body.LocalSignature.IsNil
                && reader.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(collector, null).Any(local => local);
            foreach (var token in Instructions.Tokens(body.GetILBytes()!))
            {
                collector.Add(token);
            }
            foreach (var region in body.ExceptionRegions.Where(region => !region.CatchType.IsNil))
            {
                collector.Add(region.CatchType);
            }
            return pointer;
        }
    }

    /// <summary>The file that stands for each type: the first of those that its partial types tie together.</summary>
    private static Dictionary<string, string> Nodes(Dictionary<string, SortedSet<string>> files)
    {
        var first = files.Values.SelectMany(group => group).Distinct().ToDictionary(file => file);
        foreach (var group in files.Values)
        {
            var roots = group.Select(Root).Distinct().ToArray();
            var least = roots.OrderBy(file => file.Length).ThenBy(file => file, StringComparer.Ordinal).First(); // X.cs before X.More.cs
            foreach (var root in roots)
            {
                first[root] = least;
            }
        }
        return files.ToDictionary(entry => entry.Key, entry => Root(entry.Value.First()));

        string Root(string file) => first[file] == file ? file : Root(first[file]);
    }
}
