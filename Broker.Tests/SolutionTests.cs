
namespace Broker.Tests;

/// <summary>Holds the dependency rules of the design: who may know whom.</summary>
public sealed class SolutionTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Broker.Abstractions"] = [],
        ["Broker.Storage"] = ["Broker.Abstractions"],
        ["Broker.Grains"] = ["Broker.Abstractions", "Broker.Storage"],
        ["Broker.Protocol"] = [],
        ["Broker.Serving"] = [],
        ["Broker.Gateway"] = ["Broker.Abstractions", "Broker.Protocol", "Broker.Serving"],
        ["Broker.Lookup"] = ["Broker.Protocol", "Broker.Serving"],
        ["Broker.Admin"] = ["Broker.Protocol", "Broker.Serving"],
        ["Broker.Bench"] = ["Broker.Protocol", "Broker.Abstractions", "Broker.Grains", "Broker.Storage", "Broker.Orleans.Streaming"],
        ["Broker.Client"] = ["Broker.Protocol"],
        ["Broker.Orleans.Streaming"] = ["Broker.Client"],
    };

    public static TheoryData<string> Projects => [.. Allowed.Keys];

    [Theory]
    [MemberData(nameof(Projects))]
    public void A_project_references_only_what_the_design_allows(string project)
    {
        System.Reflection.Assembly assembly = System.Reflection.Assembly.Load(project);
        IEnumerable<string> known = assembly.GetReferencedAssemblies()
            .Select(name => name.Name!)
            .Where(name => name.StartsWith("Broker.", StringComparison.Ordinal));
        Assert.Empty(known.Except(Allowed[project]));
    }
}
