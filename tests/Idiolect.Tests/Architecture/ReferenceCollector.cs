using System.Collections.Immutable;
using System.Reflection.Metadata;

namespace Idiolect.Tests.Architecture;

/// <summary>
/// Walks the types of signatures and notes those of our own assemblies by name, as "assembly:Namespace.Type" of the outermost
/// type. What it returns says whether a type has a pointer in it.
/// </summary>
internal sealed class ReferenceCollector(MetadataReader reader, IReadOnlySet<string> assemblies) : ISignatureTypeProvider<bool, object?>
{
    private readonly string _assembly = reader.GetString(reader.GetAssemblyDefinition().Name);

    /// <summary>What was found since the set was last cleared.</summary>
    internal HashSet<string> Types { get; } = [];

    /// <summary>The name of a type's outermost type.</summary>
    internal string NameOf(TypeDefinitionHandle handle)
    {
        var type = reader.GetTypeDefinition(handle);
        while (!type.GetDeclaringType().IsNil)
        {
            type = reader.GetTypeDefinition(type.GetDeclaringType());
        }
        return Qualify(_assembly, type.Namespace, type.Name);
    }

    /// <summary>Notes a type, a field, a method or an instance of a generic one: whatever an instruction can name.</summary>
    internal bool Add(EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.TypeDefinition when handle.IsNil:
                return false; // the base type of an interface
            case HandleKind.TypeDefinition:
                return GetTypeFromDefinition(reader, (TypeDefinitionHandle)handle, 0);
            case HandleKind.TypeReference:
                return GetTypeFromReference(reader, (TypeReferenceHandle)handle, 0);
            case HandleKind.TypeSpecification:
                return GetTypeFromSpecification(reader, null, (TypeSpecificationHandle)handle, 0);
            case HandleKind.FieldDefinition:
                return Add(reader.GetFieldDefinition((FieldDefinitionHandle)handle).GetDeclaringType());
            case HandleKind.MethodDefinition:
                return Add(reader.GetMethodDefinition((MethodDefinitionHandle)handle).GetDeclaringType());
            case HandleKind.MemberReference:
                var member = reader.GetMemberReference((MemberReferenceHandle)handle);
                return Add(member.Parent) | (member.GetKind() == MemberReferenceKind.Method
                    ? Add(member.DecodeMethodSignature(this, null))
                    : member.DecodeFieldSignature(this, null));
            case HandleKind.MethodSpecification:
                var method = reader.GetMethodSpecification((MethodSpecificationHandle)handle);
                return Add(method.Method) | method.DecodeSignature(this, null).Any(pointer => pointer);
            case HandleKind.StandaloneSignature:
                return Add(reader.GetStandaloneSignature((StandaloneSignatureHandle)handle).DecodeMethodSignature(this, null));
            default:
                return false;
        }
    }

    /// <summary>Whether a signature has a pointer; its types were noted as it was read.</summary>
    internal static bool Add(MethodSignature<bool> signature) => signature.ReturnType | signature.ParameterTypes.Any(pointer => pointer);

    public bool GetTypeFromDefinition(MetadataReader _, TypeDefinitionHandle handle, byte rawTypeKind)
    {
        Types.Add(NameOf(handle));
        return false;
    }

    public bool GetTypeFromReference(MetadataReader _, TypeReferenceHandle handle, byte rawTypeKind)
    {
        var type = reader.GetTypeReference(handle);
        while (type.ResolutionScope.Kind == HandleKind.TypeReference)
        {
            type = reader.GetTypeReference((TypeReferenceHandle)type.ResolutionScope);
        }
        if (type.ResolutionScope.Kind == HandleKind.AssemblyReference)
        {
            var assembly = reader.GetString(reader.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name);
            if (assemblies.Contains(assembly))
            {
                Types.Add(Qualify(assembly, type.Namespace, type.Name));
            }
        }
        return false;
    }

    public bool GetTypeFromSpecification(MetadataReader _, object? context, TypeSpecificationHandle handle, byte rawTypeKind)
        => reader.GetTypeSpecification(handle).DecodeSignature(this, null);

    public bool GetPointerType(bool elementType) => true;

    public bool GetFunctionPointerType(MethodSignature<bool> signature) => true;

    public bool GetGenericInstantiation(bool genericType, ImmutableArray<bool> typeArguments) => genericType | typeArguments.Any(pointer => pointer);

    public bool GetModifiedType(bool modifier, bool unmodifiedType, bool isRequired) => unmodifiedType;

    public bool GetArrayType(bool elementType, ArrayShape shape) => elementType;

    public bool GetByReferenceType(bool elementType) => elementType;

    public bool GetPinnedType(bool elementType) => elementType;

    public bool GetSZArrayType(bool elementType) => elementType;

    public bool GetGenericMethodParameter(object? context, int index) => false;

    public bool GetGenericTypeParameter(object? context, int index) => false;

    public bool GetPrimitiveType(PrimitiveTypeCode typeCode) => false;

    private string Qualify(string assembly, StringHandle @namespace, StringHandle name)
        => $"{assembly}:{reader.GetString(@namespace)}.{reader.GetString(name)}";
}
