using Orleans;
using Orleans.Runtime;

namespace Broker.Tests.Simulation.Silos;

/// <summary>
/// Knows on which silo a grain is, as far as it knows: each silo remembers what it was told once, and for a while the directory may have forgotten a grain that
/// lives, so that a second one of the same name is made beside it.
/// </summary>
internal sealed class SimulatedDirectory(SimulatedCluster cluster, Random random)
{
    private readonly Dictionary<GrainId, SimulatedSilo> _entries = [];
    private readonly Dictionary<(SimulatedSilo Asking, GrainId Id), SimulatedSilo> _remembered = [];

    /// <summary>Grains that were twice in the cluster.</summary>
    public int Duplicates { get; private set; }

    /// <summary>Where a call of a silo to a grain goes: to where it is thought to be, or to be made.</summary>
    public SimulatedSilo? Locate(GrainId id, SimulatedSilo asking)
    {
        if (_remembered.TryGetValue((asking, id), out SimulatedSilo? silo) && silo.IsAlive)
            return silo;
        if (!_entries.TryGetValue(id, out silo) || !silo.IsAlive)
        {
            if (cluster.Silos.Count == 0)
                return null;
            silo = cluster.Silos[random.Next(cluster.Silos.Count)];
        }

        return _remembered[(asking, id)] = silo;
    }

    /// <summary>Notes that a silo makes a grain.</summary>
    /// <returns>The silo that has it already; null when the grain may be made.</returns>
    public SimulatedSilo? Register(GrainId id, SimulatedSilo silo)
    {
        if (_entries.TryGetValue(id, out SimulatedSilo? other) && other != silo && other.IsAlive)
            return other;
        if (cluster.Silos.Any(one => one != silo && one.Find(id) is not null))
            Duplicates++;
        _entries[id] = silo;
        return null;
    }

    /// <summary>Notes that a silo has a grain no more.</summary>
    public void Unregister(GrainId id, SimulatedSilo silo)
    {
        if (_entries.GetValueOrDefault(id) == silo)
            _entries.Remove(id);
        Forget(id, silo);
    }

    /// <summary>Forgets where a grain is. Some silos still remember it, and go on calling it there, until <see cref="Mend"/>.</summary>
    public void Mislead(GrainId id)
    {
        _entries.Remove(id);
        foreach (SimulatedSilo silo in cluster.Silos)
        {
            if (random.Next(2) == 0)
                _remembered.Remove((silo, id));
        }
    }

    /// <summary>Finds out where a grain is more than once, and ends all but the one that is registered.</summary>
    public void Mend(GrainId id)
    {
        SimulatedSilo? registered = _entries.GetValueOrDefault(id);
        foreach (SimulatedSilo silo in cluster.Silos.ToArray())
        {
            _remembered.Remove((silo, id));
            if (silo != registered && silo.Find(id) is { } duplicate)
            {
                if (registered is null)
                    _entries[id] = registered = silo;
                else
                    duplicate.Deactivate(new DeactivationReason(DeactivationReasonCode.DuplicateActivation, "the grain is registered elsewhere"));
            }
        }
    }

    /// <summary>Forgets a silo that is gone.</summary>
    public void Remove(SimulatedSilo silo)
    {
        foreach (GrainId id in _entries.Where(entry => entry.Value == silo).Select(entry => entry.Key).ToArray())
            _entries.Remove(id);
        foreach ((SimulatedSilo, GrainId) key in _remembered.Where(entry => entry.Value == silo || entry.Key.Asking == silo).Select(entry => entry.Key).ToArray())
            _remembered.Remove(key);
    }

    private void Forget(GrainId id, SimulatedSilo silo)
    {
        foreach (SimulatedSilo asking in cluster.Silos)
        {
            if (_remembered.GetValueOrDefault((asking, id)) == silo)
                _remembered.Remove((asking, id));
        }
    }
}
