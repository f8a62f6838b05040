using System.Globalization;
using System.Reflection;
using Broker.Messages;
using Broker.Orleans.Streaming;
using Broker.Storage;
using Broker.Tests.Running;
using Orleans;

namespace Broker.Tests.Cluster;

/// <summary>
/// What goes from silo to silo is as <c>WireContracts.txt</c> says: silos of two versions run side by side during an upgrade. The calls of grains are held by
/// Orleans' analyzer and the <c>OrleansContracts.txt</c> of each project.
/// </summary>
public sealed class WireContractTests
{
    private static readonly Assembly[] Assemblies = [typeof(MessageBatch).Assembly, typeof(StoreException).Assembly, typeof(BrokerSequenceToken).Assembly];

    [Fact]
    public async Task Types_and_members_on_the_wire_are_those_of_the_list()
    {
        string list = Solution.PathOf("Broker.Tests/Cluster/WireContracts.txt");
        string[] expected = [.. (await File.ReadAllLinesAsync(list)).Where(line => line.Length > 0 && line[0] != '#')];
        Type[] types = [.. Assemblies.SelectMany(assembly => assembly.GetTypes()).Where(type => type.GetCustomAttribute<GenerateSerializerAttribute>(inherit: false) is not null)];
        Type[] enums = [.. types.SelectMany(MembersOf).Select(member => member.Type).Where(type => type.IsEnum).Distinct()];
        string[] actual = [.. types.SelectMany(Describe).Concat(enums.SelectMany(DescribeEnum)).Order(StringComparer.Ordinal)];
        string[] gone = [.. expected.Except(actual)];
        string[] added = [.. actual.Except(expected)];
        Assert.True(
            gone.Length + added.Length == 0,
            $"what is new goes into {list}; what is gone must not have been sent by any release\ngone:\n{string.Join('\n', gone)}\nnew:\n{string.Join('\n', added)}");
        Assert.Equal(expected.Order(StringComparer.Ordinal), actual);
    }

    private static IEnumerable<(uint Id, Type Type)> MembersOf(Type type) =>
        from member in type.GetMembers(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let id = member.GetCustomAttribute<IdAttribute>()
        where id is not null
        select (id.Id, member is PropertyInfo property ? property.PropertyType : ((FieldInfo)member).FieldType);

    private static IEnumerable<string> Describe(Type type)
    {
        string name = type.GetCustomAttribute<AliasAttribute>(inherit: false)?.Alias ?? $"{type} without an alias";
        return [name, .. MembersOf(type).Select(member => $"{name}: {member.Id} {NameOf(member.Type)}")];
    }

    private static IEnumerable<string> DescribeEnum(Type type) =>
        Enum.GetNames(type).Select(value => $"{type.Name}: {Convert.ToInt64(Enum.Parse(type, value), CultureInfo.InvariantCulture)} {value}");

    private static string NameOf(Type type) => type switch
    {
        { IsArray: true } => $"{NameOf(type.GetElementType()!)}[]",
        { IsGenericType: true } => $"{type.Name.Split('`')[0]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>",
        _ => type.GetCustomAttribute<AliasAttribute>(inherit: false)?.Alias ?? type.Name,
    };
}
