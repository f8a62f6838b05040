using Mono.Cecil;
using Mono.Cecil.Cil;

namespace Broker.Tests;

/// <summary>Holds the folders of a project, which its namespaces follow, free of cycles: what two of them do for each other belongs into one, or into a third.</summary>
public sealed class FolderTests
{
    public static TheoryData<string> Projects => ["Broker.Serving", "Broker.Lookup", "Broker.Gateway"];

    [Theory]
    [MemberData(nameof(Projects))]
    public void No_folder_needs_one_that_needs_it(string project)
    {
        using AssemblyDefinition assembly = AssemblyDefinition.ReadAssembly(System.Reflection.Assembly.Load(project).Location);
        Dictionary<string, Dictionary<string, string>> needs = [];
        foreach (TypeDefinition type in assembly.MainModule.GetTypes())
        {
            string folder = FolderOf(type);
            if (!folder.StartsWith(project, StringComparison.Ordinal))
                continue;
            foreach (TypeReference used in UsedBy(type))
            {
                string other = FolderOf(used);
                if (other != folder && other.StartsWith(project, StringComparison.Ordinal) && used.Scope == assembly.MainModule)
                    needs.TryAdd(folder, []);
                if (needs.TryGetValue(folder, out Dictionary<string, string>? others) && other != folder && used.Scope == assembly.MainModule)
                    others.TryAdd(other, $"{type.Name} uses {used.Name}");
            }
        }
        string cycles = string.Join(Environment.NewLine, CyclesIn(needs));
        Assert.True(cycles.Length == 0, cycles);
    }

    /// <summary>The references that stand between each pair of folders that need each other.</summary>
    private static List<string> CyclesIn(Dictionary<string, Dictionary<string, string>> needs)
    {
        List<string> cycles = [];
        foreach ((string from, Dictionary<string, string> others) in needs)
        {
            foreach ((string to, string why) in others)
            {
                if (Reaches(needs, to, from, []))
                    cycles.Add($"{from} → {to}: {why}");
            }
        }
        return cycles;
    }

    private static bool Reaches(Dictionary<string, Dictionary<string, string>> needs, string from, string to, HashSet<string> seen) =>
        from == to || (seen.Add(from) && needs.TryGetValue(from, out Dictionary<string, string>? next) && next.Keys.Any(n => Reaches(needs, n, to, seen)));

    private static string FolderOf(TypeReference type)
    {
        while (type.DeclaringType is not null)
            type = type.DeclaringType;
        return type.Namespace;
    }

    private static IEnumerable<TypeReference> UsedBy(TypeDefinition type) => DirectlyUsedBy(type).SelectMany(Parts);

    private static IEnumerable<TypeReference> DirectlyUsedBy(TypeDefinition type)
    {
        if (type.BaseType is not null)
            yield return type.BaseType;
        foreach (InterfaceImplementation made in type.Interfaces)
            yield return made.InterfaceType;
        foreach (FieldDefinition field in type.Fields)
            yield return field.FieldType;
        foreach (CustomAttribute attribute in type.CustomAttributes)
            yield return attribute.AttributeType;
        foreach (MethodDefinition method in type.Methods)
        {
            yield return method.ReturnType;
            foreach (ParameterDefinition parameter in method.Parameters)
                yield return parameter.ParameterType;
            if (!method.HasBody)
                continue;
            foreach (VariableDefinition variable in method.Body.Variables)
                yield return variable.VariableType;
            foreach (Instruction instruction in method.Body.Instructions)
            {
                switch (instruction.Operand)
                {
                    case TypeReference used:
                        yield return used;
                        break;
                    case MethodReference called:
                        yield return called.DeclaringType;
                        if (called is GenericInstanceMethod generic)
                        {
                            foreach (TypeReference argument in generic.GenericArguments)
                                yield return argument;
                        }
                        break;
                    case FieldReference field:
                        yield return field.DeclaringType;
                        break;
                }
            }
        }
    }

    /// <summary>A type without its arrays and references, and the types that it is made of.</summary>
    private static IEnumerable<TypeReference> Parts(TypeReference type)
    {
        if (type is GenericInstanceType generic)
        {
            foreach (TypeReference part in generic.GenericArguments.SelectMany(Parts))
                yield return part;
        }
        TypeReference element = type.GetElementType();
        if (element is not GenericParameter)
            yield return element;
    }
}
