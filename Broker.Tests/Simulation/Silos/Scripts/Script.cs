using System.Reflection;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>Something that grains do, and what comes of it.</summary>
public sealed record Script(string Name, Func<ScriptStage, Task> Run, IReadOnlyList<string> Outcome)
{
    private static readonly Dictionary<string, Script> All = Find();

    /// <summary>The names of all scripts, for the theories that run them.</summary>
    public static TheoryData<string> Names => [.. All.Keys];

    public static Script Named(string name) => All[name];

    private static Dictionary<string, Script> Find() => Assembly.GetExecutingAssembly().GetTypes()
        .Where(type => type.Namespace == typeof(Script).Namespace)
        .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public))
        .Select(method => (Method: method, Outcome: method.GetCustomAttribute<OutcomeAttribute>()))
        .Where(one => one.Outcome is not null)
        .Select(one => new Script(one.Method.Name, one.Method.CreateDelegate<Func<ScriptStage, Task>>(), one.Outcome!.Lines))
        .OrderBy(script => script.Name, StringComparer.Ordinal)
        .ToDictionary(script => script.Name);
}
