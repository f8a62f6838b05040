using System.Collections.Concurrent;

namespace Broker.Tests.Simulation.Silos.Scripts;

/// <summary>What each grain of a script does when it comes and goes.</summary>
public sealed class ScriptBook
{
    private readonly ConcurrentDictionary<string, ScriptHooks> _hooks = new(StringComparer.Ordinal);

    public ScriptHooks this[string key] => _hooks.GetOrAdd(key, _ => new ScriptHooks());
}
