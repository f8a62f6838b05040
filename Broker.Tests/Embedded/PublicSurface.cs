using System.Collections.Immutable;
using System.Globalization;
using System.Reflection;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Broker.Tests.Embedded;

/// <summary>What an assembly offers to others, as a line of text for each type, interface and member.</summary>
internal static class PublicSurface
{
    private static readonly SignatureNames Names = new();

    /// <summary>The lines of each public type whose name begins so, by the name of the type.</summary>
    public static SortedDictionary<string, SortedSet<string>> Of(Stream assembly, string prefix)
    {
        using PEReader file = new(assembly);
        MetadataReader reader = file.GetMetadataReader();
        SortedDictionary<string, SortedSet<string>> types = new(StringComparer.Ordinal);
        foreach (TypeDefinitionHandle handle in reader.TypeDefinitions)
        {
            string name = Names.GetTypeFromDefinition(reader, handle, 0);
            if (IsPublic(reader, handle) && name.StartsWith(prefix, StringComparison.Ordinal))
            {
                types.Add(name, new SortedSet<string>(LinesOf(reader, handle), StringComparer.Ordinal));
            }
        }
        return types;
    }

    private static bool IsPublic(MetadataReader reader, TypeDefinitionHandle handle)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        TypeAttributes visibility = type.Attributes & TypeAttributes.VisibilityMask;
        return visibility == TypeAttributes.Public
            || (visibility is TypeAttributes.NestedPublic or TypeAttributes.NestedFamily && IsPublic(reader, type.GetDeclaringType()));
    }

    private static IEnumerable<string> LinesOf(MetadataReader reader, TypeDefinitionHandle handle)
    {
        TypeDefinition type = reader.GetTypeDefinition(handle);
        (ImmutableArray<string> generics, string constraints) = GenericsOf(reader, type.GetGenericParameters(), []);
        SignatureNames.Scope scope = new(generics, []);
        string? parent = type.BaseType.IsNil ? null : NameOf(reader, type.BaseType, scope);
        yield return parent is null ? $"{KindOf(type, parent)}{constraints}" : $"{KindOf(type, parent)} : {parent}{constraints}";
        if (UsageOf(reader, type) is { } usage)
        {
            yield return usage;
        }
        foreach (InterfaceImplementationHandle one in type.GetInterfaceImplementations())
        {
            yield return $"is {NameOf(reader, reader.GetInterfaceImplementation(one).Interface, scope)}";
        }
        foreach (FieldDefinitionHandle one in type.GetFields())
        {
            if (LineOf(reader, reader.GetFieldDefinition(one), scope) is { } line)
            {
                yield return line;
            }
        }
        HashSet<string> required = RequiredOf(reader, type);
        foreach (MethodDefinitionHandle one in type.GetMethods())
        {
            if (LineOf(reader, reader.GetMethodDefinition(one), scope, required) is { } line)
            {
                yield return line;
            }
        }
    }

    private static string KindOf(TypeDefinition type, string? parent)
    {
        TypeAttributes attributes = type.Attributes;
        return attributes.HasFlag(TypeAttributes.Interface) ? "interface"
            : parent is "System.Enum" ? "enum"
            : parent is "System.ValueType" ? "struct"
            : attributes.HasFlag(TypeAttributes.Abstract | TypeAttributes.Sealed) ? "static class"
            : attributes.HasFlag(TypeAttributes.Abstract) ? "abstract class"
            : attributes.HasFlag(TypeAttributes.Sealed) ? "sealed class"
            : "class";
    }

    private static string? LineOf(MetadataReader reader, FieldDefinition field, SignatureNames.Scope scope)
    {
        string? access = AccessOf((MethodAttributes)field.Attributes);
        if (access is null || field.Attributes.HasFlag(FieldAttributes.SpecialName))
        {
            return null;
        }
        string words = field.Attributes.HasFlag(FieldAttributes.Literal) ? "const "
            : (field.Attributes.HasFlag(FieldAttributes.Static) ? "static " : "")
                + (field.Attributes.HasFlag(FieldAttributes.InitOnly) ? "readonly " : "");
        string value = field.GetDefaultValue() is { IsNil: false } constant ? $" = {ValueOf(reader, constant)}" : "";
        return $"{access} {words}{field.DecodeSignature(Names, scope)} {reader.GetString(field.Name)}{value}";
    }

    /// <summary>Properties and operators appear as their methods.</summary>
    private static string? LineOf(MetadataReader reader, MethodDefinition method, SignatureNames.Scope scope, HashSet<string> required)
    {
        string name = reader.GetString(method.Name);
        if (AccessOf(method.Attributes) is not { } access || name == ".cctor")
        {
            return null;
        }
        (ImmutableArray<string> generics, string constraints) = GenericsOf(reader, method.GetGenericParameters(), scope.OfType);
        SignatureNames.Scope inner = scope with { OfMethod = generics };
        MethodSignature<string> signature = method.DecodeSignature(Names, inner);
        string?[] names = new string?[signature.ParameterTypes.Length];
        string[] defaults = new string[names.Length];
        foreach (ParameterHandle one in method.GetParameters())
        {
            Parameter parameter = reader.GetParameter(one);
            if (parameter.SequenceNumber > 0)
            {
                names[parameter.SequenceNumber - 1] = reader.GetString(parameter.Name);
                defaults[parameter.SequenceNumber - 1] = parameter.Attributes.HasFlag(ParameterAttributes.Optional)
                    ? $" = {(parameter.GetDefaultValue() is { IsNil: false } constant ? ValueOf(reader, constant) : "default")}"
                    : "";
            }
        }
        IEnumerable<string> parameters = signature.ParameterTypes.Select((type, i) => $"{type} {names[i]}{defaults[i]}");
        string typeParameters = generics.IsEmpty ? "" : $"<{string.Join(", ", generics)}>";
        string needed = name.StartsWith("set_", StringComparison.Ordinal) && required.Contains(name[4..]) ? "required " : "";
        return $"{access} {needed}{WordsOf(method)}{signature.ReturnType} {name}{typeParameters}"
            + $"({string.Join(", ", parameters)}){constraints}";
    }

    private static string? AccessOf(MethodAttributes attributes) => (attributes & MethodAttributes.MemberAccessMask) switch
    {
        MethodAttributes.Public => "public",
        MethodAttributes.Family => "protected",
        MethodAttributes.FamORAssem => "protected internal",
        _ => null,
    };

    private static string WordsOf(MethodDefinition method)
    {
        MethodAttributes attributes = method.Attributes;
        return attributes.HasFlag(MethodAttributes.Static) ? "static "
            : attributes.HasFlag(MethodAttributes.Abstract) ? "abstract "
            : attributes.HasFlag(MethodAttributes.Virtual) && !attributes.HasFlag(MethodAttributes.Final) ? "virtual "
            : "";
    }

    private static (ImmutableArray<string> Names, string Constraints) GenericsOf(
        MetadataReader reader, GenericParameterHandleCollection parameters, ImmutableArray<string> outer)
    {
        ImmutableArray<string> names = [.. parameters.Select(one => reader.GetString(reader.GetGenericParameter(one).Name))];
        string constraints = "";
        foreach (GenericParameterHandle one in parameters)
        {
            GenericParameter parameter = reader.GetGenericParameter(one);
            SignatureNames.Scope scope = outer.IsEmpty ? new(names, names) : new(outer, names);
            List<string> all =
            [
                .. parameter.GetConstraints()
                    .Select(constraint => NameOf(reader, reader.GetGenericParameterConstraint(constraint).Type, scope))
            ];
            GenericParameterAttributes attributes = parameter.Attributes;
            if (attributes != GenericParameterAttributes.None)
            {
                all.Add(attributes.ToString());
            }
            if (all.Count > 0)
            {
                constraints += $" where {reader.GetString(parameter.Name)} : {string.Join(", ", all)}";
            }
        }
        return (names, constraints);
    }

    private static string? UsageOf(MetadataReader reader, TypeDefinition type)
    {
        foreach (CustomAttribute attribute in type.GetCustomAttributes().Select(reader.GetCustomAttribute))
        {
            if (AttributeNameOf(reader, attribute) == "System.AttributeUsageAttribute")
            {
                CustomAttributeValue<string> value = attribute.DecodeValue(Names);
                // What is said of the default says nothing.
                IEnumerable<string> named = value.NamedArguments
                    .Where(argument => !Equals(argument.Value, argument.Name == "Inherited"))
                    .OrderBy(argument => argument.Name, StringComparer.Ordinal)
                    .Select(argument => $", {argument.Name} = {argument.Value}");
                return $"usage {(AttributeTargets)(int)value.FixedArguments[0].Value!}{string.Concat(named)}";
            }
        }
        return null;
    }

    private static HashSet<string> RequiredOf(MetadataReader reader, TypeDefinition type) =>
    [
        .. type.GetProperties().Select(reader.GetPropertyDefinition)
            .Where(property => property.GetCustomAttributes().Select(reader.GetCustomAttribute).Any(attribute =>
                AttributeNameOf(reader, attribute) == "System.Runtime.CompilerServices.RequiredMemberAttribute"))
            .Select(property => reader.GetString(property.Name))
    ];

    private static string AttributeNameOf(MetadataReader reader, CustomAttribute attribute) => attribute.Constructor.Kind switch
    {
        HandleKind.MemberReference =>
            NameOf(reader, reader.GetMemberReference((MemberReferenceHandle)attribute.Constructor).Parent, new([], [])),
        _ => NameOf(
            reader, reader.GetMethodDefinition((MethodDefinitionHandle)attribute.Constructor).GetDeclaringType(), new([], [])),
    };

    private static string NameOf(MetadataReader reader, EntityHandle type, SignatureNames.Scope scope) => type.Kind switch
    {
        HandleKind.TypeDefinition => Names.GetTypeFromDefinition(reader, (TypeDefinitionHandle)type, 0),
        HandleKind.TypeReference => Names.GetTypeFromReference(reader, (TypeReferenceHandle)type, 0),
        _ => Names.GetTypeFromSpecification(reader, scope, (TypeSpecificationHandle)type, 0),
    };

    private static string ValueOf(MetadataReader reader, ConstantHandle handle)
    {
        Constant constant = reader.GetConstant(handle);
        object? value = reader.GetBlobReader(constant.Value).ReadConstant(constant.TypeCode);
        return value is string text ? $"\"{text}\"" : Convert.ToString(value, CultureInfo.InvariantCulture) is { Length: > 0 } number
            ? number
            : "null";
    }
}
