using Broker.Tests.Running;

namespace Broker.Tests.Simulation.Whole;

/// <summary>Counts what the lives of a run came by, so that a run that never went a way that matters does not pass for one that did.</summary>
internal sealed class RarePaths
{
    // Faults of the network by their names; what the product does about faults by the names of its log's events.
    private static readonly string[] Wanted =
    [
        "AttachRetried", "AttachedAgain", "ChannelFenced", "CommandsRetried", "GatewayLost", "PublishGivenUp", "PublishRetried", "TopicFenced",
        "cut", "delayed", "doubled call", "late call", "lost answer", "lost call", "lost notice", "published beside", "reordered", "two activations",
    ];

    private readonly Lock _sync = new();
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Counts what one life came by.</summary>
    public void Add(BrokerWorld world)
    {
        lock (_sync)
        {
            foreach ((string name, int count) in world.Cluster.Network.Counts.Concat(world.Log.Counts)
                .Append(new("two activations", world.Duplicates)).Append(new("published beside", world.PublishedBeside)))
                _counts[name] = _counts.GetValueOrDefault(name) + count;
        }
    }

    /// <summary>Asserts that the run came by all of them. A run of one seed need not.</summary>
    public void AssertReached()
    {
        if (Knob.Read<int>("BROKER_SIMULATION_SEED") is not null)
            return;
        string[] missing = [.. Wanted.Where(name => _counts.GetValueOrDefault(name) == 0)];
        Assert.True(missing.Length == 0, $"no seed came by: {string.Join(", ", missing)}; reached: {string.Join(", ", _counts)}");
    }
}
